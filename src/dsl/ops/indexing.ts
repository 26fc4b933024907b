/** Rows of tensors by their number. */
import type { Extent, Wide } from '../dim.js';
import { extents } from '../extent.js';
import {
  binary,
  cast,
  gather as gatherNode,
  iota,
  reshape,
  scatterAdd as scatterAddNode,
} from '../primitives/index.js';
import { type Dim, type DType, nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';
import { type Numeric, spread } from './operand.js';

/**
 * The rows of `table: [N, ...rest]` at `indices: [B]`, clamped into 0 … N−1 → `[B, ...rest]`.
 *
 * @example
 * const t = constantOf(Int32Array.of(2, 0, 9), 3)
 * pipe(t, gather(constantOf([0.9, 0.5, 0.1], 3))) // → [0.1, 0.9, 0.1]
 */
export const gather =
  <R extends Shape, D extends Exclude<DType, 'key'>>(table: Tensor<[Dim, ...R], D>) =>
  <B extends Dim>(indices: Tensor<[B], 'int32'>): Tensor<[B, ...R], D> =>
    tensor(gatherNode(nodeOf(table), nodeOf(indices)));

/**
 * Adds the rows of `updates: [B, ...rest]` into zeros `[size, ...rest]`, each at its index, clamped into 0 …
 * size−1; the rows of equal indices add up.
 *
 * @example
 * const bucket = constantOf(Int32Array.of(0, 2, 2), 3)
 * pipe(constantOf([1, 10, 100], 3), scatterAdd(bucket, 4)) // → [1, 0, 110, 0]
 */
export const scatterAdd =
  <B extends Dim, const N extends number>(indices: Tensor<[B], 'int32'>, size: Extent<N>) =>
  <R extends Shape, D extends Numeric>(
    updates: Tensor<[NoInfer<B>, ...R], D>,
  ): Tensor<[Wide<N> & Dim, ...R], D> =>
    // Extent<N> is N, or a message that no number fits
    tensor(scatterAddNode(nodeOf(indices), nodeOf(updates), size as number));

/**
 * 1 at each index and 0 elsewhere, on a new last axis; all 0 for an index out of range.
 *
 * @example
 * oneHot(3)(constantOf(Int32Array.of(2, 0, 7), 3)) // → [[0, 0, 1], [1, 0, 0], [0, 0, 0]]
 */
export const oneHot =
  <const N extends number>(depth: Extent<N>) =>
  <S extends Shape>(indices: Tensor<S, 'int32'>): Tensor<[...S, Wide<N> & Dim]> => {
    const n = nodeOf(indices);
    const shape = extents('oneHot', [...n.shape, depth as number]); // Extent<N> is N, or a message that no number fits
    const chosen = spread(reshape(n, [...n.shape, 1]), shape);
    return tensor(cast(binary('equal', chosen, iota(shape, n.shape.length)), 'float32'));
  };
