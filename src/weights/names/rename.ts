/** Converts weights, or their gradients, between the names and layouts of the two sides of a table. */
import { raise, showShape } from '../../internal/errors.js';
import { toOurs, toTheirs, type Weight } from './layout.js';
import type { WeightEntry, WeightTable } from './table.js';

/** Weights by name. */
export type Weights = ReadonlyMap<string, Weight>;

/** Stacks weights of one shape along a new first axis; a single weight is unchanged. */
const stacked = (weights: readonly Weight[]): Weight => {
  const [first] = weights as readonly [Weight]; // an entry has at least one name
  if (weights.length === 1) return first;
  const { length } = first.data;
  const data = new Float32Array(weights.length * length);
  weights.forEach((each, i) => data.set(each.data, i * length));
  return { shape: [weights.length, ...first.shape], data };
};

/** The inverse of {@link stacked}, for this many weights. */
const unstacked = ({ shape, data }: Weight, count: number): readonly Weight[] => {
  if (count === 1) return [{ shape, data }];
  const length = data.length / count;
  return Array.from({ length: count }, (_, i) => ({
    shape: shape.slice(1),
    data: data.subarray(i * length, (i + 1) * length),
  }));
};

/** Converts the weights of one entry, in the order of its names, to our layout. */
export const oursOf = ({ layout }: WeightEntry, theirs: readonly Weight[]): Weight => toOurs(layout, stacked(theirs));

/** Converts a parameter to the weights of the other project, in the order of the names of its entry. */
export const theirsOf = ({ layout, theirs }: WeightEntry, ours: Weight): readonly Weight[] =>
  unstacked(toTheirs(layout, ours), theirs.length);

const named = (where: string, weights: Weights, name: string, shape: readonly number[]): Weight => {
  const weight = weights.get(name);
  if (weight !== undefined && showShape(weight.shape) === showShape(shape)) return weight;
  return raise('ShapeError', {
    where: `${where}: ${name}`,
    expected: showShape(shape),
    actual: weight === undefined ? 'nothing' : showShape(weight.shape),
    hint: 'give the weights of the network that the table was made for',
  });
};

/** The names that a file uses for an entry: the older names if it has one of them and lacks the new ones. */
export const namesIn = (
  { theirs, older = theirs }: Pick<WeightEntry, 'theirs' | 'older'>,
  has: (name: string) => boolean,
): readonly string[] => (!theirs.some(has) && older.some(has) ? older : theirs);

/**
 * Renames weights of the other project, or gradients with respect to them, to our paths and layouts. Raises `ShapeError` for
 * one that is missing or has another shape.
 * @example
 * const { params } = layer({ w: parameter(allOnes, 2) }, (bound) => bound)
 * const weights = new Map([['w', { shape: [2], data: Float32Array.of(1, 2) }]])
 * renamedToOurs(unwrap(ownNames({ params })), weights).get('w')!.data // → [1, 2]
 */
export const renamedToOurs = ({ entries }: WeightTable, theirs: Weights): Weights =>
  new Map(
    entries.map((entry) => {
      const names = namesIn(entry, (name) => theirs.has(name));
      const weights = names.map((name) => named('renamedToOurs', theirs, name, entry.theirShape));
      return [entry.ours, oursOf(entry, weights)];
    }),
  );

/**
 * Renames our parameters, or gradients with respect to them, to the names and layouts of the other project: the inverse of
 * {@link renamedToOurs}, without its constants. Raises `ShapeError` for one that is missing or has another shape.
 * @example
 * const { params } = layer({ w: parameter(allOnes, 2) }, (bound) => bound)
 * const weights = new Map([['w', { shape: [2], data: Float32Array.of(1, 2) }]])
 * renamedToTheirs(unwrap(ownNames({ params })), weights).get('w')!.data // → [1, 2]
 */
export const renamedToTheirs = ({ entries }: WeightTable, ours: Weights): Weights =>
  new Map(
    entries.flatMap((entry) => {
      const weight = named('renamedToTheirs', ours, entry.ours, entry.shape);
      return theirsOf(entry, weight).map((each, i): [string, Weight] => [entry.theirs[i]!, each]);
    }),
  );
