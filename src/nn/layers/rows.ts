/** Rows of tables by index, without neighbours for an index outside. */
import {
  and,
  concatAll,
  constantOf,
  type Dim,
  dims,
  fullLike,
  gather,
  greaterEqual,
  less,
  type Tensor,
  where,
} from '../../dsl/index.js';

/** Takes rows of a table `[N + 1, D]` by `index: [B]` → `[B, D]`. The last row stands for each index outside of 0 … N − 1. */
export const rowOrLast = <B extends Dim, D extends Dim>(
  table: Tensor<[Dim, D]>,
  index: Tensor<[B], 'int32'>,
): Tensor<[B, D]> => {
  const N = (dims(table)[0] as number) - 1; // programs are traced with numbers
  return gather(table, where(and(greaterEqual(index, 0), less(index, N)), index, fullLike(index, N)));
};

/**
 * Takes rows of a table `[N, D]` by `index: [B]` → `[B, D]`. An index outside of 0 … N − 1 gives a row of NaN, so that a
 * wrong label cannot pass for another.
 */
export const rowOrNaN = <B extends Dim, D extends Dim>(
  table: Tensor<[Dim, D]>,
  index: Tensor<[B], 'int32'>,
): Tensor<[B, D]> => {
  const D = dims(table)[1] as number; // programs are traced with numbers
  const missing = constantOf(new Float32Array(D).fill(NaN), 1, D);
  return rowOrLast(concatAll([table, missing as Tensor<[Dim, D]>], 0), index);
};
