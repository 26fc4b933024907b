/** Tables of weights: every parameter of a network with its name and layout in another project. */
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { argument, optional, record } from '../../internal/schema.js';
import { entriesOf, type WeightEntry } from './entries.js';
import { repeatedIn, sameLayout, type Weight } from './layout.js';
import type { Rows } from './rows.js';

export type { WeightEntry } from './entries.js';

/** A parameter of a network, as its spec lists it. */
export interface ParameterLeaf {
  readonly path: string;
  readonly shape: readonly (number | string)[];
}

/** The names and layouts of all parameters of one network, in both directions. */
export interface WeightTable {
  readonly entries: readonly WeightEntry[];
  /** Constant tensors of the other project, by name. They are written to files, and ignored when a file is read. */
  readonly constants: ReadonlyMap<string, Weight>;
}

/** A model whose parameters can be named. */
export interface NamedModel {
  readonly params: { readonly leaves: readonly ParameterLeaf[] };
  /** The configuration, of a built-in network. */
  readonly config?: unknown;
}

/**
 * Names the parameters of a model as another project does. Returns a `ConfigError` for a network that the other project
 * cannot express.
 */
export type Naming = (model: NamedModel) => either.Either<NoisefoldError, WeightTable>;

/**
 * The table of a network: selects the rows of its parameters from the rows of its family. Returns a `ConfigError` for a
 * parameter without a row or with two rows, and for a row that does not match its parameter.
 */
export const tableOf = (
  where: string,
  leaves: readonly ParameterLeaf[],
  rows: Rows,
  constants: WeightTable['constants'] = new Map(),
): either.Either<NoisefoldError, WeightTable> => {
  const known = new Map(rows.map((each) => [each.ours, each]));
  const nameless = leaves.find(({ path }) => !known.has(path));
  if (nameless !== undefined)
    return fail('ConfigError', {
      where,
      expected: 'a network whose parameters all have a name in the other project',
      actual: `the parameter ${nameless.path}, which the other project lacks`,
      hint: 'change the configuration, or give a table of your own as `names`',
    });
  const twice = repeatedIn(rows.map(({ ours }) => ours));
  if (twice !== undefined)
    return fail('ConfigError', {
      where: `${where}: ${twice}`,
      expected: 'one row for each parameter',
      actual: 'two rows',
      hint: 'remove one; several weights of one shape have one row, with several names in `theirs`',
    });
  // the shapes of parameters are numbers, and each has a row
  const shaped = leaves.map(({ path, shape }) => ({ row: known.get(path)!, shape: shape as readonly number[] }));
  return E.map((entries: readonly WeightEntry[]) => ({ entries, constants }))(
    entriesOf(where, shaped, constants.keys()),
  );
};

/**
 * Our own names and layouts, for files that noisefold wrote. The names are the paths of the parameters.
 * @example
 * const { params } = layer({ w: parameter(allOnes, 2) }, (bound) => bound)
 * unwrap(ownNames({ params })).entries.map(({ theirs }) => theirs) // → [['w']]
 */
export const ownNames: Naming = ({ params: { leaves } }) =>
  E.right({
    entries: leaves.map(({ path, shape }) => ({
      ours: path,
      theirs: [path],
      layout: sameLayout(shape.length),
      shape: shape as readonly number[], // of parameters
      theirShape: shape as readonly number[],
    })),
    constants: new Map(),
  });

const layout = record({ ours: t.string, theirs: t.string, sizes: optional(t.record(t.string, t.number)) });
const row = record({
  ours: t.string,
  theirs: t.array(t.string),
  layout: optional(layout),
  older: optional(t.array(t.string)),
});
const rowsOf = argument(
  'namesBy',
  t.array(row, 'rows'),
  "give rows such as { ours: 'w', theirs: ['fc.weight'], layout: { ours: 'i o', theirs: 'o i' } }",
);

/**
 * Names for a network of your own: a row for each parameter. A parameter of one axis, such as a bias, needs no layout.
 * The naming returns a `ConfigError`, which names the row, for a parameter without a row or with two, for two rows with
 * one name in `theirs`, and for a layout that does not match its parameter.
 * @example
 * const { params } = layer({ w: parameter(allOnes, 2, 3) }, (bound) => bound)
 * const names = namesBy([{ ours: 'w', theirs: ['fc.weight'], layout: { ours: 'i o', theirs: 'o i' } }])
 * unwrap(names({ params })).entries[0]!.theirShape // → [3, 2]
 * const wrong = namesBy([{ ours: 'w', theirs: ['fc.weight'], layout: { ours: 'i o', theirs: 'o j' } }])
 * const refusal = wrong({ params })
 * isLeft(refusal) && refusal.left.where // → 'namesBy: w'
 */
export const namesBy =
  (rows: Rows): Naming =>
  ({ params: { leaves } }) =>
    F.pipe(
      rowsOf.decode(rows),
      E.flatMap(() => tableOf('namesBy', leaves, rows)),
    );
