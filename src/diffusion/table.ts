import { type Dim, expandDims, gather, squeeze, type Tensor } from '../dsl/index.js';

/** A column of rows on the host, float64. */
export const column = <A>(rows: readonly A[], number: (row: A) => number): Float64Array =>
  Float64Array.from(rows, number);

/**
 * One entry of a table, `[N]` to `[]`: for a batch of indices there is `gather`. A solver looks its coefficients
 * up with it, by the index of the step.
 * @example
 * const sigmas = entryAt(table([0.5, 0.25, 0]))
 * sigmas(scalar(1, 'int32')) // → 0.25
 */
export const entryAt =
  <D extends 'float32' | 'int32'>(table: Tensor<[Dim], D>) =>
  (index: Tensor<[], 'int32'>): Tensor<[], D> =>
    squeeze(gather(table, expandDims(index, 0)), 0);
