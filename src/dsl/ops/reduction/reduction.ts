/**
 * Reductions: over all axes to a scalar, `sum(x)`; over some axes, which disappear, `sum(x, [1, 2])`; or over each sample
 * of a batch, `sumPerSample(x)`. An axis may count from the end.
 */
import { dual, type OneErrorOfOne } from '../../dual.js';
import { named } from '../../errors.js';
import type { Node, ReduceFn } from '../../graph/node.js';
import { sizeOf } from '../../graph/node.js';
import {
  argmax as argmaxNode,
  axisOf,
  cast,
  cumsum as cumsumNode,
  mul,
  reduce,
  reduceKeeping,
  reshape,
  scale,
  select,
  stopGradient,
  sub,
  add,
  topKIndices,
  unary,
  zerosLike,
} from '../../primitives/index.js';
import type { Extent, Wide } from '../../types/dim.js';
import type { Having, Without } from '../../types/shape.js';
import { type AnyTensor, type Dim, type DType, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import { type Numeric, spread, startsWithTensor } from '../operand.js';
import { takeAlongLast } from '../indexing/take.js';

/** One axis or several. An empty list reduces nothing. */
export type Axes = number | readonly number[];
type AxisList<A extends Axes> = A extends readonly number[] ? A : A extends number ? [A] : never;

/** A reduction that keeps the dtype, one of `N`. */
export type Reduction<N extends DType> = OneErrorOfOne & {
  (): <D extends N>(x: Tensor<Shape, D>) => Tensor<[], D>;
  <const A extends Axes>(
    axes: A,
  ): <S extends Shape, D extends N>(x: Tensor<S, D>) => Tensor<Without<S, AxisList<A>>, D>;
  <S extends Shape, D extends N, const A extends Axes>(x: Tensor<S, D>, axes: A): Tensor<Without<S, AxisList<A>>, D>;
  <D extends N>(x: Tensor<Shape, D>): Tensor<[], D>;
};

/** Reduces a node over axes, and drops them. */
type Reduce = (n: Node, axes: readonly number[]) => Node;

const allAxes = (n: Node): readonly number[] => n.shape.map((_, axis) => axis);
const afterBatch = (n: Node): readonly number[] => allAxes(n).slice(1);

const by =
  (fn: ReduceFn): Reduce =>
  (n, axes) =>
    reduce(fn, n, axes);

/** Makes both forms of a reduction; the default is all axes. */
export const reduction = <N extends DType>(op: string, reduced: Reduce): Reduction<N> =>
  dual(
    op,
    startsWithTensor,
    (x: AnyTensor, axes?: Axes) => {
      const n = nodeOf(x);
      const over = axes === undefined ? allAxes(n) : typeof axes === 'number' ? [axes] : axes;
      return tensor(named(op, () => reduced(n, over)));
    },
    2,
  );

/** The number of elements that are reduced to one. */
const countOver = (op: string, n: Node, axes: readonly number[]): number =>
  sizeOf([...new Set(axes.map((axis) => axisOf(op, n, axis)))].map((axis) => n.shape[axis]!));

const meanNode: Reduce = (n, axes) => scale(reduce('sum', n, axes), 1 / countOver('mean', n, axes));

const varianceNode: Reduce = (n, axes) => {
  const centre = scale(reduceKeeping('sum', n, axes), 1 / countOver('variance', n, axes));
  const distance = sub(n, spread(centre, n.shape));
  return meanNode(mul(distance, distance), axes);
};

const logSumExpNode: Reduce = (n, axes) => {
  const greatest = stopGradient(reduceKeeping('max', n, axes)); // any shift gives the same result
  const shift = select(unary('isFinite', greatest), greatest, zerosLike(greatest));
  const total = reduce('sum', unary('exp', sub(n, spread(shift, n.shape))), axes);
  return add(unary('log', total), reshape(shift, total.shape));
};

const allNode: Reduce = (n, axes) => cast(reduce('min', cast(n, 'int32'), axes), 'bool');
const anyNode: Reduce = (n, axes) => unary('not', allNode(unary('not', n), axes));

/**
 * The sum of all elements, or over some axes.
 * @example
 * const x = constantOf([1, 2, 3, 4], 2, 2)
 * sum(x) // → 10
 * sum(x, 0) // → [4, 6]
 * pipe(x, sum(0)) // → [4, 6]
 * sum(zeros(8, 28, 28, 64), [1, 2]) // : Tensor<[8, 64]>
 */
export const sum: Reduction<Numeric> = reduction('sum', by('sum'));

/**
 * The product of all elements, or over some axes.
 * @example
 * const x = constantOf([1, 2, 3, 4], 2, 2)
 * prod(x) // → 24
 * prod(x, -1) // → [2, 12]
 */
export const prod: Reduction<Numeric> = reduction('prod', by('prod'));

/**
 * The greatest of all elements, or over some axes.
 * @example
 * const x = constantOf([1, 4, 3, 2], 2, 2)
 * max(x) // → 4
 * max(x, -1) // → [4, 3]
 */
export const max: Reduction<Numeric> = reduction('max', by('max'));

/**
 * The smallest of all elements, or over some axes.
 * @example
 * const x = constantOf([1, 4, 3, 2], 2, 2)
 * min(x) // → 1
 * min(x, -1) // → [1, 2]
 */
export const min: Reduction<Numeric> = reduction('min', by('min'));

/**
 * The mean of all elements, or over some axes.
 * @example
 * const x = constantOf([1, 2, 3, 4], 2, 2)
 * mean(x) // → 2.5
 * mean(x, -1) // → [1.5, 3.5]
 * mean(zeros(8, 28, 28, 64), [1, 2]) // : Tensor<[8, 64]>
 */
export const mean: Reduction<'float32'> = reduction('mean', meanNode);

/**
 * The sum over each sample of a batch: `[B, ...]` → `[B]`.
 * @example sumPerSample(constantOf([1, 2, 3, 4], 2, 2)) // → [3, 7]
 */
export const sumPerSample = <B extends Dim, R extends Shape>(x: Tensor<[B, ...R]>): Tensor<[B]> =>
  tensor(named('sumPerSample', () => reduce('sum', nodeOf(x), afterBatch(nodeOf(x)))));

/**
 * The mean over each sample of a batch: `[B, ...]` → `[B]`.
 * @example meanPerSample(constantOf([1, 2, 3, 4], 2, 2)) // → [1.5, 3.5]
 */
export const meanPerSample = <B extends Dim, R extends Shape>(x: Tensor<[B, ...R]>): Tensor<[B]> =>
  tensor(named('meanPerSample', () => meanNode(nodeOf(x), afterBatch(nodeOf(x)))));

/**
 * The mean squared distance from the mean (biased: divided by n), of all elements or over some axes.
 * @example
 * const x = constantOf([1, 3, 10, 30], 2, 2)
 * variance(x, -1) // → [1, 100]
 * variance(constantOf([1, 3], 2)) // → 1
 */
export const variance: Reduction<'float32'> = reduction('variance', varianceNode);

/**
 * ln Σ eˣ of all elements, or over some axes, without overflow; −∞ where all elements are −∞.
 * @example
 * logSumExp(zeros(2, 4)) // → 2.079
 * logSumExp(zeros(2, 4), -1) // → [1.386, 1.386]
 */
export const logSumExp: Reduction<'float32'> = reduction('logSumExp', logSumExpNode);

/**
 * True if any element is true, of all elements or over some axes; false for no elements.
 * @example
 * const x = constantOf(Uint8Array.of(0, 1, 0, 0), 2, 2)
 * any(x) // → true
 * any(x, -1) // → [true, false]
 */
export const any: Reduction<'bool'> = reduction('any', anyNode);

/**
 * True if all elements are true, of all elements or over some axes; true for no elements.
 * @example
 * const x = constantOf(Uint8Array.of(0, 1, 1, 1), 2, 2)
 * all(x) // → false
 * all(x, -1) // → [false, true]
 */
export const all: Reduction<'bool'> = reduction('all', allNode);

/** See {@link cumsum} and {@link cumprod}. */
export interface Cumulative {
  <const A extends number>(axis: A): <S extends Shape, D extends Numeric>(x: Tensor<S, D>) => Tensor<Having<S, [A]>, D>;
  <S extends Shape, D extends Numeric, const A extends number>(x: Tensor<S, D>, axis: A): Tensor<Having<S, [A]>, D>;
}

/**
 * Cumulative sums along an axis; each includes its own element.
 * @example cumsum(constantOf([1, 2, 3], 3), 0) // → [1, 3, 6]
 */
export const cumsum: Cumulative = dual('cumsum', 2, (x: AnyTensor, axis: number) =>
  tensor(cumsumNode(nodeOf(x), axis)),
);

/** See {@link argmax}. */
interface ArgMax {
  <const A extends number>(axis: A): <S extends Shape>(x: Tensor<S, Numeric>) => Tensor<Without<S, [A]>, 'int32'>;
  <S extends Shape, const A extends number>(x: Tensor<S, Numeric>, axis: A): Tensor<Without<S, [A]>, 'int32'>;
}

/**
 * The index of the greatest element along an axis, which disappears; of equal elements, the first.
 * @example argmax(constantOf([0.1, 0.7, 0.2, 0.4, 0.3, 0.3], 2, 3), -1) // → [1, 0]
 */
export const argmax: ArgMax = dual('argmax', 2, (x: AnyTensor, axis: number) => tensor(argmaxNode(nodeOf(x), axis)));

/** The greatest elements along the last axis, in descending order, and their indices. */
export interface TopK<R extends Shape, K extends Dim, D extends DType> {
  readonly values: Tensor<[...R, K], D>;
  readonly indices: Tensor<[...R, K], 'int32'>;
}

/** See {@link topK}. */
interface ToTopK {
  <const K extends number>(
    k: Extent<K>,
  ): <R extends Shape, D extends Numeric>(x: Tensor<[...R, Dim], D>) => TopK<R, Wide<K> & Dim, D>;
  <R extends Shape, D extends Numeric, const K extends number>(
    x: Tensor<[...R, Dim], D>,
    k: Extent<K>,
  ): TopK<R, Wide<K> & Dim, D>;
}

/**
 * The k greatest elements along the last axis; of equal elements, the first comes first, and NaN counts as ∞. Raises
 * `ShapeError` unless 1 ≤ k ≤ the extent of the axis.
 * @example topK(constantOf([0.1, 0.7, 0.2], 3), 2) // → { values: [0.7, 0.2], indices: [1, 2] }
 */
export const topK: ToTopK = dual('topK', 2, (x: AnyTensor, k: number) => {
  const n = nodeOf(x);
  const indices = topKIndices(n, k);
  return { values: tensor(takeAlongLast(n, indices)), indices: tensor(indices) };
});
