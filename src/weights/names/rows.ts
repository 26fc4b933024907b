/** Rows of a table of weights, composed from the rows of the modules of a network. */
import { kernel, type Layout, matrix, vector } from './layout.js';

/** One of our weights with its name in another project. */
export interface WeightRow {
  /** The path in our tree. */
  readonly ours: string;
  /** The name in the other project. Several names are weights of one shape, stacked on a first axis, in order. */
  readonly theirs: readonly string[];
  /** Names of older versions, which are read and never written. */
  readonly older?: readonly string[];
  /** The axes on both sides; may be left out for a parameter of one axis, such as a bias, or none. */
  readonly layout?: Layout;
}

export type Rows = readonly WeightRow[];

const join = (outer: string, inner: string): string =>
  outer === '' || inner === '' ? outer + inner : `${outer}.${inner}`;

/** A row of one weight. */
export const row = (ours: string, theirs: string, layout: Layout): WeightRow => ({ ours, theirs: [theirs], layout });

/** The rows of a module, at its paths in both trees; an empty name adds nothing to a path. */
export const within = (ours: string, theirs: string, rows: Rows): Rows =>
  rows.map(({ older, ...each }) => ({
    ...each,
    ours: join(ours, each.ours),
    theirs: each.theirs.map((name) => join(theirs, name)),
    ...(older && { older: older.map((name) => join(theirs, name)) }),
  }));

/** A group norm, with PyTorch's names of its weights. */
export const norm: Rows = [row('gamma', 'weight', vector), row('beta', 'bias', vector)];

/** A convolution. */
export const conv: Rows = [row('kernel', 'weight', kernel), row('bias', 'bias', vector)];

/** A linear layer, whose weight may be stored as that of a convolution. */
export const linearOf = (layout: Layout): Rows => [row('w', 'weight', layout), row('b', 'bias', vector)];

/** A linear layer. */
export const linear: Rows = linearOf(matrix);
