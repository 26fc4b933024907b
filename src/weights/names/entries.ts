/** Checks the rows of a table: each names its weights once, and its layout matches the shape of the parameter. */
import { attempt, fail, type NoisefoldError, showShape } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { type Layout, layoutFault, repeatedIn, sameLayout, theirShape } from './layout.js';
import type { WeightRow } from './rows.js';

/** A parameter in both projects. */
export interface WeightEntry extends WeightRow {
  readonly layout: Layout;
  /** Our shape. */
  readonly shape: readonly number[];
  /** The shape of each weight in the other project. */
  readonly theirShape: readonly number[];
}

/** A row with the shape of its parameter. */
export interface ShapedRow {
  readonly row: WeightRow;
  readonly shape: readonly number[];
}

interface Fault {
  readonly expected: string;
  readonly actual: string;
  readonly hint: string;
}

/** The error in the names of a row, independent of its parameter. */
const namesFault = ({ theirs, older }: WeightRow): Fault | undefined => {
  if (theirs.length === 0)
    return { expected: 'a name in `theirs`', actual: 'none', hint: 'give the name of the weight, or several names' };
  if (older !== undefined && older.length !== theirs.length)
    return {
      expected: `as many names in \`older\` as in \`theirs\`: ${theirs.length}`,
      actual: `${older.length}`,
      hint: 'give each weight its older name',
    };
  const twice = repeatedIn(theirs) ?? repeatedIn(older ?? []);
  return twice === undefined
    ? undefined
    : { expected: 'different names', actual: `${twice} twice`, hint: 'remove one of them' };
};

const AXES = "name the same axes on both sides, such as { ours: 'i o', theirs: 'o i' }";

/** The layout of a row. Only a parameter of at most one axis may leave it out: a square matrix fits both orders of its axes. */
const layoutOf = ({ layout }: WeightRow, shape: readonly number[]): either.Either<Fault, Layout> => {
  if (layout === undefined)
    return shape.length < 2
      ? E.right(sameLayout(shape.length))
      : E.left({ expected: `a layout of the shape ${showShape(shape)}`, actual: 'none', hint: AXES });
  const fault = layoutFault(layout);
  return fault === undefined ? E.right(layout) : E.left({ ...fault, hint: AXES });
};

/** The entry of a row. */
const entryOf = (where: string, { row, shape }: ShapedRow): either.Either<NoisefoldError, WeightEntry> => {
  const { ours, theirs } = row;
  const refuse = ({ expected, actual, hint }: Fault) =>
    fail('ConfigError', { where: `${where}: ${ours}`, expected, actual, hint });
  const fault = namesFault(row);
  if (fault !== undefined) return refuse(fault);
  const known = layoutOf(row, shape);
  if (E.isLeft(known)) return refuse(known.left);
  const layout = known.right;
  const whole = attempt(() => theirShape(layout, shape));
  if (E.isLeft(whole))
    return refuse({
      expected: `a layout of the shape ${showShape(shape)}`,
      actual: `'${layout.ours}'`,
      hint: 'name each axis of the parameter in `layout.ours`, and give `sizes` for axes in parentheses',
    });
  if (theirs.length === 1) return E.right({ ...row, layout, shape, theirShape: whole.right });
  if (whole.right[0] !== theirs.length)
    return refuse({
      expected: `a first axis of ${theirs.length} in \`layout.theirs\`, for ${theirs.length} names`,
      actual: `the shape ${showShape(whole.right)}`,
      hint: 'several names are weights that are stacked on a first axis',
    });
  return E.right({ ...row, layout, shape, theirShape: whole.right.slice(1) });
};

/** Finds two entries with the same name in the other project, and returns the second. */
const sharing = (entries: readonly WeightEntry[], constants: Iterable<string>) => {
  const owners = new Map(Array.from(constants, (name): [string, string] => [name, 'a constant']));
  for (const { ours, theirs } of entries)
    for (const name of theirs) {
      const owner = owners.get(name);
      if (owner !== undefined) return { ours, name, owner };
      owners.set(name, ours);
    }
  return undefined;
};

/**
 * The entries of the rows of a network. Returns a `ConfigError`, which names the row, for a row without a name, with a
 * layout that does not match its parameter, or with the name of another row or of a constant (`constants`).
 */
export const entriesOf = (
  where: string,
  rows: readonly ShapedRow[],
  constants: Iterable<string>,
): either.Either<NoisefoldError, readonly WeightEntry[]> => {
  const entries: WeightEntry[] = [];
  for (const row of rows) {
    const entry = entryOf(where, row);
    if (E.isLeft(entry)) return entry;
    entries.push(entry.right);
  }
  const shared = sharing(entries, constants);
  if (shared === undefined) return E.right(entries);
  return fail('ConfigError', {
    where: `${where}: ${shared.ours}`,
    expected: 'a name that no other row has',
    actual: `${shared.name}, the name of ${shared.owner}`,
    hint: 'give each parameter its own name: a file holds one weight for each name',
  });
};
