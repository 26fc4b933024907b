/**
 * Reductions: of the whole tensor to a scalar (`sum`), over some axes, which disappear (`sumOver`), or of each
 * sample of a batch (`sumPerSample`). An axis may count from the end.
 */
import type { Node, ReduceFn } from '../node.js';
import { sizeOf } from '../node.js';
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
} from '../primitives/index.js';
import type { Extent, Wide } from '../dim.js';
import type { Without } from '../shape.js';
import { type Dim, type DType, nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';
import { type Numeric, spread } from './operand.js';
import { takeAlongLast } from './take.js';

type ToScalar = <D extends Numeric>(x: Tensor<Shape, D>) => Tensor<[], D>;
type OverAxes = <const A extends readonly number[]>(
  ...axes: A
) => <S extends Shape, D extends Numeric>(x: Tensor<S, D>) => Tensor<Without<S, A>, D>;

const allAxes = (n: Node): readonly number[] => n.shape.map((_, axis) => axis);
const afterBatch = (n: Node): readonly number[] => allAxes(n).slice(1);

const toScalar =
  (fn: ReduceFn): ToScalar =>
  (x) =>
    tensor(reduce(fn, nodeOf(x), allAxes(nodeOf(x))));

const over =
  (fn: ReduceFn): OverAxes =>
  (...axes) =>
  (x) =>
    tensor(reduce(fn, nodeOf(x), axes));

/** How many elements of `n` are reduced to one. */
const countOver = (op: string, n: Node, axes: readonly number[]): number =>
  sizeOf([...new Set(axes.map((axis) => axisOf(op, n, axis)))].map((axis) => n.shape[axis]!));

const meanNode = (n: Node, axes: readonly number[]): Node =>
  scale(reduce('sum', n, axes), 1 / countOver('mean', n, axes));

/**
 * The sum of all elements.
 *
 * @example
 * sum(constantOf([1, 2, 3, 4], 2, 2)) // → 10
 */
export const sum: ToScalar = toScalar('sum');

/**
 * The product of all elements.
 *
 * @example
 * prod(constantOf([1, 2, 3, 4], 2, 2)) // → 24
 */
export const prod: ToScalar = toScalar('prod');

/**
 * The greatest of all elements.
 *
 * @example
 * max(constantOf([3, 1, 2], 3)) // → 3
 */
export const max: ToScalar = toScalar('max');

/**
 * The least of all elements.
 *
 * @example
 * min(constantOf([3, 1, 2], 3)) // → 1
 */
export const min: ToScalar = toScalar('min');

/**
 * The mean of all elements.
 *
 * @example
 * mean(constantOf([1, 2, 3, 4], 2, 2)) // → 2.5
 */
export const mean = (x: Tensor<Shape>): Tensor<[]> => tensor(meanNode(nodeOf(x), allAxes(nodeOf(x))));

/**
 * The sums over some axes, which disappear.
 *
 * @example
 * pipe(constantOf([1, 2, 3, 4], 2, 2), sumOver(0)) // → [4, 6]
 * pipe(zeros(8, 28, 28, 64), sumOver(1, 2)) // : Tensor<[8, 64]>
 */
export const sumOver: OverAxes = over('sum');

/**
 * The greatest elements over some axes, which disappear.
 *
 * @example
 * pipe(constantOf([1, 4, 3, 2], 2, 2), maxOver(-1)) // → [4, 3]
 */
export const maxOver: OverAxes = over('max');

/**
 * The least elements over some axes, which disappear.
 *
 * @example
 * pipe(constantOf([1, 4, 3, 2], 2, 2), minOver(-1)) // → [1, 2]
 */
export const minOver: OverAxes = over('min');

/**
 * The means over some axes, which disappear.
 *
 * @example
 * pipe(constantOf([1, 2, 3, 4], 2, 2), meanOver(-1)) // → [1.5, 3.5]
 * pipe(zeros(8, 28, 28, 64), meanOver(1, 2)) // : Tensor<[8, 64]>
 */
export const meanOver =
  <const A extends readonly number[]>(...axes: A) =>
  <S extends Shape>(x: Tensor<S>): Tensor<Without<S, A>> =>
    tensor(meanNode(nodeOf(x), axes));

/**
 * The sum over each sample of a batch: `[B, ...]` → `[B]`.
 *
 * @example
 * sumPerSample(constantOf([1, 2, 3, 4], 2, 2)) // → [3, 7]
 */
export const sumPerSample = <B extends Dim, R extends Shape>(x: Tensor<[B, ...R]>): Tensor<[B]> =>
  tensor(reduce('sum', nodeOf(x), afterBatch(nodeOf(x))));

/**
 * The mean over each sample of a batch: `[B, ...]` → `[B]`.
 *
 * @example
 * meanPerSample(constantOf([1, 2, 3, 4], 2, 2)) // → [1.5, 3.5]
 */
export const meanPerSample = <B extends Dim, R extends Shape>(x: Tensor<[B, ...R]>): Tensor<[B]> =>
  tensor(meanNode(nodeOf(x), afterBatch(nodeOf(x))));

/**
 * The mean squared distance from the mean (biased), over some axes; over all, if none is given.
 *
 * @example
 * pipe(constantOf([1, 3, 10, 30], 2, 2), variance(-1)) // → [1, 100]
 * pipe(constantOf([1, 3], 2), variance()) // → 1
 */
export const variance =
  <const A extends readonly number[]>(...axes: A) =>
  <S extends Shape>(x: Tensor<S>): Tensor<A extends readonly [] ? [] : Without<S, A>> => {
    const n = nodeOf(x);
    const along = axes.length === 0 ? allAxes(n) : axes;
    const centre = scale(reduceKeeping('sum', n, along), 1 / countOver('variance', n, along));
    const distance = sub(n, spread(centre, n.shape));
    return tensor(meanNode(mul(distance, distance), along));
  };

/**
 * ln Σ eˣ over some axes (over all, if none is given), without overflow; −∞ where all are −∞.
 *
 * @example
 * pipe(zeros(2, 4), logSumExp(-1)) // → [1.386, 1.386]
 * pipe(zeros(2, 4), logSumExp()) // → 2.079
 */
export const logSumExp =
  <const A extends readonly number[]>(...axes: A) =>
  <S extends Shape>(x: Tensor<S>): Tensor<A extends readonly [] ? [] : Without<S, A>> => {
    const n = nodeOf(x);
    const along = axes.length === 0 ? allAxes(n) : axes;
    const greatest = stopGradient(reduceKeeping('max', n, along)); // any shift gives the same result
    const shift = select(unary('isFinite', greatest), greatest, zerosLike(greatest));
    const total = reduce('sum', unary('exp', sub(n, spread(shift, n.shape))), along);
    return tensor(add(unary('log', total), reshape(shift, total.shape)));
  };

const allOf = (n: Node): Node => cast(reduce('min', cast(n, 'int32'), allAxes(n)), 'bool');

/**
 * Whether at least one element is true; false of nothing.
 *
 * @example
 * any(constantOf(Uint8Array.of(0, 1), 2)) // → true
 */
export const any = (x: Tensor<Shape, 'bool'>): Tensor<[], 'bool'> =>
  tensor(unary('not', allOf(unary('not', nodeOf(x)))));

/**
 * Whether all elements are true; true of nothing.
 *
 * @example
 * all(constantOf(Uint8Array.of(0, 1), 2)) // → false
 */
export const all = (x: Tensor<Shape, 'bool'>): Tensor<[], 'bool'> => tensor(allOf(nodeOf(x)));

/**
 * The sums of the elements of an axis up to each of them, itself included.
 *
 * @example
 * pipe(constantOf([1, 2, 3], 3), cumsum(0)) // → [1, 3, 6]
 */
export const cumsum =
  (axis: number) =>
  <S extends Shape, D extends Numeric>(x: Tensor<S, D>): Tensor<S, D> =>
    tensor(cumsumNode(nodeOf(x), axis));

/**
 * Where the greatest element of an axis is, the first of equals; the axis disappears.
 *
 * @example
 * pipe(constantOf([0.1, 0.7, 0.2, 0.4, 0.3, 0.3], 2, 3), argmax(-1)) // → [1, 0]
 */
export const argmax =
  <const A extends number>(axis: A) =>
  <S extends Shape>(x: Tensor<S, Numeric>): Tensor<Without<S, [A]>, 'int32'> =>
    tensor(argmaxNode(nodeOf(x), axis));

/** The greatest elements along the last axis, in falling order, and where they were. */
export interface TopK<R extends Shape, K extends Dim, D extends DType> {
  readonly values: Tensor<[...R, K], D>;
  readonly indices: Tensor<[...R, K], 'int32'>;
}

/**
 * The k greatest elements along the last axis, the first of equals first; NaN is as great as ∞. Raises
 * `ShapeError` unless k is from 1 to its extent.
 *
 * @example
 * topK(2)(constantOf([0.1, 0.7, 0.2], 3)) // → { values: [0.7, 0.2], indices: [1, 2] }
 */
export const topK =
  <const K extends number>(k: Extent<K>) =>
  <R extends Shape, D extends Numeric>(x: Tensor<[...R, Dim], D>): TopK<R, Wide<K> & Dim, D> => {
    const n = nodeOf(x);
    const indices = topKIndices(n, k as number); // Extent<K> is K, or a message that no number fits
    return { values: tensor(takeAlongLast(n, indices)), indices: tensor(indices) };
  };
