/** Rows of tensors by their index. */
import type { Extent, Wide } from '../../types/dim.js';
import { dual } from '../../dual.js';
import { extents } from '../../types/extent.js';
import {
  binary,
  cast,
  gather as gatherNode,
  iota,
  reshape,
  scatterAdd as scatterAddNode,
} from '../../primitives/index.js';
import { type AnyTensor, type Dim, type DType, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import { type Numeric, spread } from '../operand.js';

type Gathered = Exclude<DType, 'key'>;

/** See {@link gather}. */
interface Gather {
  <B extends Dim>(
    indices: Tensor<[B], 'int32'>,
  ): <R extends Shape, D extends Gathered>(table: Tensor<[Dim, ...R], D>) => Tensor<[B, ...R], D>;
  <R extends Shape, D extends Gathered, B extends Dim>(
    table: Tensor<[Dim, ...R], D>,
    indices: Tensor<[B], 'int32'>,
  ): Tensor<[B, ...R], D>;
}

/**
 * Takes rows of a `table: [N, ...rest]` by their `indices: [B]` → `[B, ...rest]`. Indices are clamped to 0 … N−1.
 * @example
 * const table = constantOf([0.9, 0.5, 0.1], 3)
 * gather(table, constantOf(Int32Array.of(2, 0, 9), 3)) // → [0.1, 0.9, 0.1]
 */
export const gather: Gather = dual('gather', 2, (table: AnyTensor, indices: AnyTensor) =>
  tensor(gatherNode(nodeOf(table), nodeOf(indices))),
);

/** See {@link scatterAdd}. */
interface ScatterAdd {
  <B extends Dim, const N extends number>(
    indices: Tensor<[B], 'int32'>,
    size: Extent<N>,
  ): <R extends Shape, D extends Numeric>(updates: Tensor<[NoInfer<B>, ...R], D>) => Tensor<[Wide<N> & Dim, ...R], D>;
  <B extends Dim, R extends Shape, D extends Numeric, const N extends number>(
    updates: Tensor<[B, ...R], D>,
    indices: Tensor<[NoInfer<B>], 'int32'>,
    size: Extent<N>,
  ): Tensor<[Wide<N> & Dim, ...R], D>;
}

/**
 * Adds the rows of `updates: [B, ...rest]` into zeros `[size, ...rest]`, each at its index in `indices: [B]`. Indices are
 * clamped to 0 … size−1; rows of equal indices add up.
 * @example
 * const bucket = constantOf(Int32Array.of(0, 2, 2), 3)
 * scatterAdd(constantOf([1, 10, 100], 3), bucket, 4) // → [1, 0, 110, 0]
 */
export const scatterAdd: ScatterAdd = dual('scatterAdd', 3, (updates: AnyTensor, indices: AnyTensor, size: number) =>
  tensor(scatterAddNode(nodeOf(indices), nodeOf(updates), size)),
);

/** See {@link oneHot}. */
interface OneHot {
  <const N extends number>(
    depth: Extent<N>,
  ): <S extends Shape>(indices: Tensor<S, 'int32'>) => Tensor<[...S, Wide<N> & Dim]>;
  <S extends Shape, const N extends number>(
    indices: Tensor<S, 'int32'>,
    depth: Extent<N>,
  ): Tensor<[...S, Wide<N> & Dim]>;
}

/**
 * 1 at each index and 0 elsewhere, along a new last axis of extent `depth`; all 0 for an index out of range.
 * @example oneHot(constantOf(Int32Array.of(2, 0, 7), 3), 3) // → [[0, 0, 1], [1, 0, 0], [0, 0, 0]]
 */
export const oneHot: OneHot = dual('oneHot', 2, (indices: AnyTensor, depth: number) => {
  const n = nodeOf(indices);
  const shape = extents('oneHot', [...n.shape, depth]);
  const chosen = spread(reshape(n, [...n.shape, 1]), shape);
  return tensor(cast(binary('equal', chosen, iota(shape, n.shape.length)), 'float32'));
});
