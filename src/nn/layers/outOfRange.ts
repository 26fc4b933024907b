/** NaN for times and labels outside of a range, so that a wrong value cannot pass as a valid one. */
import {
  and,
  broadcastTo,
  type Dim,
  dims,
  fullLike,
  gather,
  greaterEqual,
  lessEqual,
  reshape,
  type Shape,
  type Tensor,
  where,
  zeros,
} from '../../dsl/index.js';

/**
 * The rows of `x: [B, ...rest]` where 0 ≤ `at: [B]` ≤ `last`, unchanged, with their gradients. The other rows, and those where `at`
 * is NaN, are NaN: no gradient passes through them.
 */
export const nanOutside = <B extends Dim, R extends Shape>(
  x: Tensor<[B, ...R]>,
  at: Tensor<[B], 'int32' | 'float32'>,
  last: number,
): Tensor<[B, ...R]> => {
  const [B, ...rest] = dims(x) as readonly number[] as readonly [number, ...number[]]; // programs are traced with numbers
  const inside = and(greaterEqual(at, 0), lessEqual(at, last)); // [B]
  const ofRow = broadcastTo(reshape(inside, B, ...rest.map(() => 1)), B, ...rest); // [B, ...rest]
  return where(ofRow as Tensor<[B, ...R], 'bool'>, x, fullLike(x, NaN));
};

/** Takes rows of a table `[N, D]` by `index: [B]` → `[B, D]`. An index outside of 0 … N − 1 gives a row of NaN. */
export const rowOrNaN = <B extends Dim, D extends Dim>(
  table: Tensor<[Dim, D]>,
  index: Tensor<[B], 'int32'>,
): Tensor<[B, D]> => {
  const [N, D] = dims(table) as [number, number]; // programs are traced with numbers
  const rows = N === 0 ? (zeros(1, D) as typeof table) : table; // `gather` refuses a table without rows
  return nanOutside(gather(rows, index), index, N - 1);
};
