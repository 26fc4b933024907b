/**
 * Reductions: of the whole tensor to a scalar (`sum`), over some axes, which disappear (`sumOver`; over none, they
 * change nothing), or of each sample of a batch (`sumPerSample`). An axis may count from the end.
 */
import { named } from '../errors.js';
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
import type { Having, Without } from '../shape.js';
import { type Dim, type DType, nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';
import { type Numeric, spread } from './operand.js';
import { takeAlongLast } from './take.js';

type ToScalar<N extends DType> = <D extends N>(x: Tensor<Shape, D>) => Tensor<[], D>;
type OverAxes<N extends DType> = <const A extends readonly number[]>(
  ...axes: A
) => <S extends Shape, D extends N>(x: Tensor<S, D>) => Tensor<Without<S, A>, D>;

/** How a node is reduced over axes, which disappear. */
type Reduce = (n: Node, axes: readonly number[]) => Node;

const allAxes = (n: Node): readonly number[] => n.shape.map((_, axis) => axis);
const afterBatch = (n: Node): readonly number[] => allAxes(n).slice(1);

const by =
  (fn: ReduceFn): Reduce =>
  (n, axes) =>
    reduce(fn, n, axes);

const toScalar =
  <N extends DType>(op: string, reduced: Reduce): ToScalar<N> =>
  (x) =>
    tensor(named(op, () => reduced(nodeOf(x), allAxes(nodeOf(x)))));

const over =
  <N extends DType>(op: string, reduced: Reduce): OverAxes<N> =>
  (...axes) =>
  (x) =>
    tensor(named(op, () => reduced(nodeOf(x), axes)));

/** How many elements of `n` are reduced to one. */
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
 * The sum of all elements.
 *
 * @example
 * sum(constantOf([1, 2, 3, 4], 2, 2)) // → 10
 */
export const sum: ToScalar<Numeric> = toScalar('sum', by('sum'));

/**
 * The product of all elements.
 *
 * @example
 * prod(constantOf([1, 2, 3, 4], 2, 2)) // → 24
 */
export const prod: ToScalar<Numeric> = toScalar('prod', by('prod'));

/**
 * The greatest of all elements.
 *
 * @example
 * max(constantOf([3, 1, 2], 3)) // → 3
 */
export const max: ToScalar<Numeric> = toScalar('max', by('max'));

/**
 * The least of all elements.
 *
 * @example
 * min(constantOf([3, 1, 2], 3)) // → 1
 */
export const min: ToScalar<Numeric> = toScalar('min', by('min'));

/**
 * The mean of all elements.
 *
 * @example
 * mean(constantOf([1, 2, 3, 4], 2, 2)) // → 2.5
 */
export const mean: ToScalar<'float32'> = toScalar('mean', meanNode);

/**
 * The sums over some axes, which disappear.
 *
 * @example
 * pipe(constantOf([1, 2, 3, 4], 2, 2), sumOver(0)) // → [4, 6]
 * pipe(zeros(8, 28, 28, 64), sumOver(1, 2)) // : Tensor<[8, 64]>
 */
export const sumOver: OverAxes<Numeric> = over('sumOver', by('sum'));

/**
 * The products over some axes, which disappear.
 *
 * @example
 * pipe(constantOf([1, 2, 3, 4], 2, 2), prodOver(-1)) // → [2, 12]
 */
export const prodOver: OverAxes<Numeric> = over('prodOver', by('prod'));

/**
 * The greatest elements over some axes, which disappear.
 *
 * @example
 * pipe(constantOf([1, 4, 3, 2], 2, 2), maxOver(-1)) // → [4, 3]
 */
export const maxOver: OverAxes<Numeric> = over('maxOver', by('max'));

/**
 * The least elements over some axes, which disappear.
 *
 * @example
 * pipe(constantOf([1, 4, 3, 2], 2, 2), minOver(-1)) // → [1, 2]
 */
export const minOver: OverAxes<Numeric> = over('minOver', by('min'));

/**
 * The means over some axes, which disappear.
 *
 * @example
 * pipe(constantOf([1, 2, 3, 4], 2, 2), meanOver(-1)) // → [1.5, 3.5]
 * pipe(zeros(8, 28, 28, 64), meanOver(1, 2)) // : Tensor<[8, 64]>
 */
export const meanOver: OverAxes<'float32'> = over('meanOver', meanNode);

/**
 * The sum over each sample of a batch: `[B, ...]` → `[B]`.
 *
 * @example
 * sumPerSample(constantOf([1, 2, 3, 4], 2, 2)) // → [3, 7]
 */
export const sumPerSample = <B extends Dim, R extends Shape>(x: Tensor<[B, ...R]>): Tensor<[B]> =>
  tensor(named('sumPerSample', () => reduce('sum', nodeOf(x), afterBatch(nodeOf(x)))));

/**
 * The mean over each sample of a batch: `[B, ...]` → `[B]`.
 *
 * @example
 * meanPerSample(constantOf([1, 2, 3, 4], 2, 2)) // → [1.5, 3.5]
 */
export const meanPerSample = <B extends Dim, R extends Shape>(x: Tensor<[B, ...R]>): Tensor<[B]> =>
  tensor(named('meanPerSample', () => meanNode(nodeOf(x), afterBatch(nodeOf(x)))));

/**
 * The mean squared distance from the mean (biased), of all elements.
 *
 * @example
 * variance(constantOf([1, 3], 2)) // → 1
 */
export const variance: ToScalar<'float32'> = toScalar('variance', varianceNode);

/**
 * The mean squared distances from the mean (biased) over some axes, which disappear.
 *
 * @example
 * pipe(constantOf([1, 3, 10, 30], 2, 2), varianceOver(-1)) // → [1, 100]
 */
export const varianceOver: OverAxes<'float32'> = over('varianceOver', varianceNode);

/**
 * ln Σ eˣ of all elements, without overflow; −∞ where all are −∞.
 *
 * @example
 * logSumExp(zeros(2, 4)) // → 2.079
 */
export const logSumExp: ToScalar<'float32'> = toScalar('logSumExp', logSumExpNode);

/**
 * ln Σ eˣ over some axes, which disappear, without overflow; −∞ where all are −∞.
 *
 * @example
 * pipe(zeros(2, 4), logSumExpOver(-1)) // → [1.386, 1.386]
 */
export const logSumExpOver: OverAxes<'float32'> = over('logSumExpOver', logSumExpNode);

/**
 * Whether at least one element is true; false of nothing.
 *
 * @example
 * any(constantOf(Uint8Array.of(0, 1), 2)) // → true
 */
export const any: ToScalar<'bool'> = toScalar('any', anyNode);

/**
 * Whether at least one element is true over some axes, which disappear; false of nothing.
 *
 * @example
 * pipe(constantOf(Uint8Array.of(0, 1, 0, 0), 2, 2), anyOver(-1)) // → [true, false]
 */
export const anyOver: OverAxes<'bool'> = over('anyOver', anyNode);

/**
 * Whether all elements are true; true of nothing.
 *
 * @example
 * all(constantOf(Uint8Array.of(0, 1), 2)) // → false
 */
export const all: ToScalar<'bool'> = toScalar('all', allNode);

/**
 * Whether all elements are true over some axes, which disappear; true of nothing.
 *
 * @example
 * pipe(constantOf(Uint8Array.of(0, 1, 1, 1), 2, 2), allOver(-1)) // → [false, true]
 */
export const allOver: OverAxes<'bool'> = over('allOver', allNode);

/**
 * The sums of the elements of an axis up to each of them, itself included.
 *
 * @example
 * pipe(constantOf([1, 2, 3], 3), cumsum(0)) // → [1, 3, 6]
 */
export const cumsum =
  <const A extends number>(axis: A) =>
  <S extends Shape, D extends Numeric>(x: Tensor<S, D>): Tensor<Having<S, [A]>, D> =>
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
