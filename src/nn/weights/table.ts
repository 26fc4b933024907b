/** Tables of weights: every parameter of a network beside its name and layout in another project. */
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { theirShape, type Weight } from './layout.js';
import type { Rows, WeightRow } from './rows.js';

/** A parameter of a network, as its spec lists it. */
export interface ParameterLeaf {
  readonly path: string;
  readonly shape: readonly (number | string)[];
}

/** A parameter here and there. */
export interface WeightEntry extends WeightRow {
  /** Our shape. */
  readonly shape: readonly number[];
  /** The shape of each weight there. */
  readonly theirShape: readonly number[];
}

/** The names and layouts of all parameters of one network, in both directions. */
export interface WeightTable {
  readonly entries: readonly WeightEntry[];
  /** Fixed numbers of the other project, by name: written, and ignored when they are read. */
  readonly constants: ReadonlyMap<string, Weight>;
}

/** A model whose parameters can be named. */
export interface NamedModel {
  readonly params: { readonly leaves: readonly ParameterLeaf[] };
  /** The configuration, of a built-in network. */
  readonly config?: unknown;
}

/** Names the parameters of a model as another project does. `ConfigError` for a network that it cannot express. */
export type Naming = (model: NamedModel) => either.Either<NoisefoldError, WeightTable>;

const entryOf = (row: WeightRow, shape: readonly number[]): WeightEntry => {
  const whole = theirShape(row.layout, shape);
  return { ...row, shape, theirShape: row.theirs.length === 1 ? whole : whole.slice(1) };
};

/**
 * The table of a network: of all rows that its family may have, those of its parameters. `ConfigError` for a parameter
 * that has no row.
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
      expected: 'a network of which the other project has every part',
      actual: `the parameter ${nameless.path}, which has no name there`,
      hint: 'change the configuration, or give a table of your own as `names`',
    });
  const entries = leaves.map(({ path, shape }) => entryOf(known.get(path)!, shape as readonly number[])); // of parameters
  return E.right({ entries, constants });
};

/**
 * Our own names and layouts, for files that noisefold wrote: the paths of the parameters.
 * @example
 * const { params } = layer({ w: parameter(allOnes, 2) }, (bound) => bound)
 * pipe(ownNames({ params }), E.map(({ entries }) => entries.map(({ theirs }) => theirs))) // → E.right([['w']])
 */
export const ownNames: Naming = ({ params: { leaves } }) =>
  E.right({
    entries: leaves.map(({ path, shape }) => ({
      ours: path,
      theirs: [path],
      layout: { ours: axesOf(shape.length), theirs: axesOf(shape.length) },
      shape: shape as readonly number[], // of parameters
      theirShape: shape as readonly number[],
    })),
    constants: new Map(),
  });

/** Names for this many axes: `a0 a1`. */
const axesOf = (rank: number): string => Array.from({ length: rank }, (_, i) => `a${i}`).join(' ');

/**
 * Names for a network of your own: a row for each parameter. The naming returns a `ConfigError` for a model with a parameter
 * that has no row.
 * @example
 * const { params } = layer({ w: parameter(allOnes, 2, 3) }, (bound) => bound)
 * const names = namesBy([{ ours: 'w', theirs: ['fc.weight'], layout: { ours: 'i o', theirs: 'o i' } }])
 * pipe(names({ params }), E.map(({ entries }) => entries[0]!.theirShape)) // → E.right([3, 2])
 */
export const namesBy =
  (rows: Rows): Naming =>
  ({ params: { leaves } }) =>
    tableOf('namesBy', leaves, rows);
