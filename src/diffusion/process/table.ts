import { add, type Dim, expandDims, gather, squeeze, table, type Tensor } from '../../dsl/index.js';

/** A column of rows on the host, float64. */
export const column = <A>(rows: readonly A[], number: (row: A) => number): Float64Array =>
  Float64Array.from(rows, number);

/** The dtype of the entries of a table on the host. */
type EntryOf<A> = A extends Int32Array ? 'int32' : 'float32';

/** A table with an entry at each end for what lies outside: NaN, and -1 in int32, which has none. */
const padded = (numbers: ArrayLike<number>) =>
  numbers instanceof Int32Array
    ? table(Int32Array.from([-1, ...numbers, -1]))
    : table([NaN, ...Array.from(numbers), NaN]);

/**
 * The entries of a table of N numbers, such as one for each timestep: NaN for an index outside of 0…N-1, where `gather`
 * alone takes the nearest entry; of an `Int32Array` -1, which no network knows as a timestep.
 * @example
 * const alphaBarAt = entriesAt([0.9, 0.5, 0.1])
 * alphaBarAt(constantOf(Int32Array.of(2, 0), 2)) // → [0.1, 0.9]
 * alphaBarAt(constantOf(Int32Array.of(3, -1), 2)) // → [NaN, NaN]
 */
export const entriesAt = <A extends ArrayLike<number>>(numbers: A) => {
  const rows = padded(numbers) as Tensor<[Dim], EntryOf<A>>; // which does not reduce while A is open
  return <B extends Dim>(index: Tensor<[B], 'int32'>): Tensor<[B], EntryOf<A>> => gather(rows, add(index, 1));
};

/**
 * One entry of a table by an index: for a batch of indices there is {@link entriesAt}. A solver looks its coefficients up
 * with it, by the index of the step.
 * @example
 * const sigmas = entryAt([0.5, 0.25, 0])
 * sigmas(scalar(1, 'int32')) // → 0.25
 */
export const entryAt = <A extends ArrayLike<number>>(numbers: A) => {
  const entries = entriesAt(numbers);
  return (index: Tensor<[], 'int32'>): Tensor<[], EntryOf<A>> => squeeze(entries(expandDims(index, 0)), 0);
};
