/** Elements of tensors by their index, and the indices of sorted elements. */
import { dual, type Dual } from '../../../internal/dual.js';
import { named, refuseShape, showShape } from '../../../internal/errors.js';
import { extentAt, type Node } from '../../graph/node.js';
import { sizeOf } from '../../../internal/numbers.js';
import type { NumberType } from '../../graph/region.js';
import { type AnyTensor, type Dim, type DType, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import * as nodes from '../../primitives/index.js';
import type { IsGreater } from '../../../internal/digits.js';
import type { Checked } from '../../types/checked.js';
import { type Extent, extents, type IsWide, type Wide } from '../../types/dim.js';
import type { AxisIn, Missing, Replace } from '../../types/shape.js';
import { exchange, type Numeric, spread } from '../operand.js';

/**
 * Takes rows of a `table: [N, ...rest]` by their `indices: [B]` → `[B, ...rest]`. Indices are clamped to 0 … N−1.
 * @example gather(constantOf([0.9, 0.5, 0.1], 3), constantOf(Int32Array.of(2, 0, 9), 3)) // → [0.1, 0.9, 0.1]
 */
export const gather: Dual<
  <R extends Shape, D extends NumberType, B extends Dim>(
    table: Tensor<[Dim, ...R], D>,
    indices: Tensor<[B], 'int32'>,
  ) => Tensor<[B, ...R], D>,
  <B extends Dim>(
    indices: Tensor<[B], 'int32'>,
  ) => <R extends Shape, D extends NumberType>(table: Tensor<[Dim, ...R], D>) => Tensor<[B, ...R], D>
> = dual('gather', 2, (table: AnyTensor, indices: AnyTensor) => tensor(nodes.gather(nodeOf(table), nodeOf(indices))));

/**
 * Adds the rows of `updates: [B, ...rest]` into zeros `[size, ...rest]`, each at its index in `indices: [B]`. Indices are
 * clamped to 0 … size−1; rows of equal indices add up.
 * @example scatterAdd(constantOf([1, 10, 100], 3), constantOf(Int32Array.of(0, 2, 2), 3), 4) // → [1, 0, 110, 0]
 */
export const scatterAdd: Dual<
  <B extends Dim, R extends Shape, D extends Numeric, const N extends number>(
    updates: Tensor<[B, ...R], D>,
    indices: Tensor<[NoInfer<B>], 'int32'>,
    size: Extent<N>,
  ) => Tensor<[Wide<N>, ...R], D>,
  <B extends Dim, const N extends number>(
    indices: Tensor<[B], 'int32'>,
    size: Extent<N>,
  ) => <R extends Shape, D extends Numeric>(updates: Tensor<[NoInfer<B>, ...R], D>) => Tensor<[Wide<N>, ...R], D>
> = dual('scatterAdd', 3, (updates: AnyTensor, indices: AnyTensor, size: number) =>
  tensor(nodes.scatterAdd(nodeOf(indices), nodeOf(updates), size)),
);

/**
 * 1 at each index and 0 elsewhere, along a new last axis of extent `depth`; all 0 for an index out of range.
 * @example oneHot(constantOf(Int32Array.of(2, 0, 7), 3), 3) // → [[0, 0, 1], [1, 0, 0], [0, 0, 0]]
 */
export const oneHot: Dual<
  <S extends Shape, const N extends number>(indices: Tensor<S, 'int32'>, depth: Extent<N>) => Tensor<[...S, Wide<N>]>,
  <const N extends number>(
    depth: Extent<N>,
  ) => <S extends Shape>(indices: Tensor<S, 'int32'>) => Tensor<[...S, Wide<N>]>
> = dual('oneHot', 2, (indices: AnyTensor, depth: number) => {
  const n = nodeOf(indices);
  const shape = extents('oneHot', [...n.shape, depth]);
  const column = spread(nodes.reshape(n, [...n.shape, 1]), shape);
  return tensor(nodes.cast(nodes.binary('equal', column, nodes.iota(shape, n.shape.length)), 'float32'));
});

/**
 * Takes the elements of an axis at `indices: [K]`; the axis then has the extent K. Indices are clamped to the axis.
 * Raises `ShapeError` if the axis is empty.
 * @example
 * const columns = constantOf(Int32Array.of(2, 0), 2)
 * take(constantOf([1, 2, 3, 4, 5, 6], 2, 3), 1, columns) // → [[3, 1], [6, 4]]
 * take(zeros(8, 28, 64), -1, columns) // : Tensor<[8, 28, 2]>
 */
export const take: Dual<
  <S extends Shape, D extends NumberType, const A extends number, K extends Dim>(
    x: Tensor<S, D>,
    axis: AxisIn<S, A>,
    indices: Tensor<[K], 'int32'>,
  ) => Tensor<Replace<S, A, K>, D>,
  <const A extends number, K extends Dim>(
    axis: A,
    indices: Tensor<[K], 'int32'>,
  ) => <S extends Shape, D extends NumberType>(
    x: Checked<Tensor<S, D>, S, Missing<S, A>>,
  ) => Tensor<Replace<S, A, K>, D>
> = dual('take', 3, (x: AnyTensor, axis: number, indices: AnyTensor) => {
  const n = nodeOf(x);
  const at = nodes.axisOf('take', n, axis);
  const rows = named('take', () => nodes.gather(exchange(n, 0, at), nodeOf(indices)));
  return tensor(exchange(rows, 0, at));
});

/**
 * Takes elements along an axis, from each row at its own indices, such as those of `argsort`. The other axes of `x` and
 * `indices` are equal. Indices are clamped to the axis. Raises `ShapeError` if the other axes differ.
 * @example
 * const at = constantOf(Int32Array.of(1, 0, 0, 2), 2, 2)
 * takeAlong(constantOf([1, 2, 3, 4, 5, 6], 2, 3), 1, at) // → [[2, 1], [4, 6]]
 */
export const takeAlong: Dual<
  <D extends NumberType, const A extends number, I extends Shape>(
    x: Tensor<Replace<I, A, Dim>, D>,
    axis: A,
    indices: Tensor<I, 'int32'>,
  ) => Tensor<I, D>,
  <const A extends number, I extends Shape>(
    axis: A,
    indices: Tensor<I, 'int32'>,
  ) => <D extends NumberType>(x: Tensor<Replace<I, A, Dim>, D>) => Tensor<I, D>
> = dual('takeAlong', 3, (x: AnyTensor, axis: number, indices: AnyTensor) => {
  const [n, places] = [nodeOf(x), nodeOf(indices)];
  const at = nodes.axisOf('takeAlong', n, axis);
  const expected = `indices ${showShape(n.shape)} except for axis ${at}`;
  if (places.shape.length !== n.shape.length || places.shape.some((d, i) => i !== at && d !== n.shape[i]))
    refuseShape('takeAlong', expected, places.shape, 'give each row its own indices');
  const last = n.shape.length - 1;
  const elements = takeAlongLast(exchange(n, at, last), exchange(places, at, last));
  return tensor(exchange(elements, at, last));
});

/** Takes elements along the last axis with one gather from all rows. */
const takeAlongLast = (x: Node, indices: Node): Node => {
  const extent = extentAt(x, -1);
  const rows = sizeOf(x.shape.slice(0, -1));
  const last = nodes.full(extent - 1, indices.shape, 'int32');
  const inside = nodes.binary('min', nodes.max(indices, nodes.full(0, indices.shape, 'int32')), last);
  const starts = nodes.reshape(nodes.scale(nodes.iota([rows], 0), extent), [...x.shape.slice(0, -1), 1]);
  const places = nodes.add(inside, spread(starts, indices.shape));
  const elements = nodes.gather(nodes.reshape(x, [sizeOf(x.shape)]), nodes.reshape(places, [sizeOf(places.shape)]));
  return nodes.reshape(elements, indices.shape);
};

/** The indices of a stable ascending sort of each row: the indices of a descending sort of the flipped row, flipped. */
const ascendingIndices = (op: string, x: Node): Node => {
  const last = nodes.axisOf(op, x, -1);
  const extent = extentAt(x, last);
  if (extent === 0) return nodes.iota(x.shape, last);
  const descending = nodes.flip(nodes.topKIndices(nodes.flip(x, [last]), extent), [last]);
  return nodes.sub(nodes.full(extent - 1, x.shape, 'int32'), descending);
};

/**
 * Computes the indices that sort the last axis in ascending order. Equal elements keep their order; NaN is sorted with ∞,
 * at the end. Raises `ShapeError` for a scalar.
 * @example argsort(constantOf([30, 10, 20], 3)) // → [1, 2, 0]
 */
export const argsort = <R extends Shape, N extends Dim>(x: Tensor<[...R, N], Numeric>): Tensor<[...R, N], 'int32'> =>
  tensor(ascendingIndices('argsort', nodeOf(x)));

/**
 * Sorts the last axis in ascending order, as {@link argsort} does. Raises `ShapeError` for a scalar.
 * @example sort(constantOf([30, 10, 20, 2, 3, 1], 2, 3)) // → [[10, 20, 30], [1, 2, 3]]
 */
export const sort = <R extends Shape, N extends Dim, D extends Numeric>(
  x: Tensor<[...R, N], D>,
): Tensor<[...R, N], D> => {
  const n = nodeOf(x);
  return tensor(takeAlongLast(n, ascendingIndices('sort', n)));
};

/** The greatest elements along the last axis, in descending order, and their indices. */
export interface TopK<R extends Shape, K extends Dim, D extends DType> {
  readonly values: Tensor<[...R, K], D>;
  readonly indices: Tensor<[...R, K], 'int32'>;
}

/** An error message if an axis of `N` elements has fewer than `K`; otherwise `never`. */
type Beyond<N extends Dim, K extends number> =
  IsWide<N> extends true
    ? never
    : N extends number
      ? number extends K
        ? never
        : true extends IsGreater<K, N>
          ? `the last axis has ${N} elements, fewer than ${K}`
          : never
      : never;

/**
 * The k greatest elements along the last axis; of equal elements, the first comes first, and NaN counts as ∞. Raises
 * `ShapeError` unless 1 ≤ k ≤ the extent of the axis.
 * @example topK(constantOf([0.1, 0.7, 0.2], 3), 2) // → { values: [0.7, 0.2], indices: [1, 2] }
 */
export const topK: Dual<
  <R extends Shape, N extends Dim, D extends Numeric, const K extends number>(
    x: Tensor<[...R, N], D>,
    k: Checked<Extent<K>, N, Beyond<N, K>>,
  ) => TopK<R, Wide<K>, D>,
  <const K extends number>(
    k: Extent<K>,
  ) => <R extends Shape, N extends Dim, D extends Numeric>(
    x: Checked<Tensor<[...R, N], D>, N, Beyond<N, K>>,
  ) => TopK<R, Wide<K>, D>
> = dual('topK', 2, (x: AnyTensor, k: number) => {
  const n = nodeOf(x);
  const indices = nodes.topKIndices(n, k);
  return { values: tensor(takeAlongLast(n, indices)), indices: tensor(indices) };
});
