/**
 * Reductions: over all axes to a scalar, `sum(x)`; over some axes, which disappear, `sum(x, [1, 2])`; or over each sample
 * of a batch, `sumPerSample(x)`. An axis may count from the end.
 */
import { dual, type Dual } from '../../../internal/dual.js';
import type { NotAny } from '../../../internal/typeKinds.js';
import { named } from '../../../internal/errors.js';
import { extentAt, type Node } from '../../graph/node.js';
import { sizeOf } from '../../../internal/numbers.js';
import { type AnyTensor, type Dim, type DType, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import * as nodes from '../../primitives/index.js';
import type { Checked } from '../../types/checked.js';
import type { AxisIn, Missing, MissingOf, Without } from '../../types/shape.js';
import { type Numeric, spread, withOption } from '../operand.js';
import { padAlong, sliceAlong } from '../shape/slicing.js';

/** One axis or several. An empty list reduces nothing. */
type Axes = number | readonly number[];
type AxisList<A extends Axes> = A extends readonly number[] ? A : A extends number ? [A] : never;
/** The axes of the data-first form, or an error message. `A` is an inference site in a branch that is never taken. */
type AxesOf<S extends Shape, A extends Axes> = Checked<
  unknown extends A ? NotAny<A> : Axes,
  S,
  MissingOf<S, AxisList<A>>
>;

/** A reduction that keeps the dtype, one of `N`. */
export interface Reduction<N extends DType> {
  <D extends N>(x: Tensor<Shape, D>): Tensor<[], D>;
  <S extends Shape, D extends N, const A extends Axes>(
    x: Tensor<S, D>,
    axes: AxesOf<S, A>,
  ): Tensor<Without<S, AxisList<A>>, D>;
  (x: never): never;
  (x: never): undefined; // the result types differ because TypeScript merges equal overloads
  (): <D extends N>(x: Tensor<Shape, D>) => Tensor<[], D>;
  <const A extends Axes>(
    axes: A,
  ): <S extends Shape, D extends N>(
    x: Checked<Tensor<S, D>, S, MissingOf<S, AxisList<A>>>,
  ) => Tensor<Without<S, AxisList<A>>, D>;
  <D extends N>(x: Tensor<Shape, D>): Tensor<[], D>; // repeats the first overload: see OneError
}

/** Reduces a node over axes, and drops them. */
type Reduce = (n: Node, axes: readonly number[]) => Node;

const allAxes = (n: Node): readonly number[] => [...n.shape.keys()];
const afterBatch = (n: Node): readonly number[] => allAxes(n).slice(1);

/** Makes both forms of a reduction; the default is all axes. */
/* @__NO_SIDE_EFFECTS__ */
const reduction = <N extends DType>(op: string, reduced: Reduce): Reduction<N> =>
  withOption(op, (n, axes: Axes = allAxes(n)) => named(op, () => reduced(n, [axes].flat())));

/** The mean of the elements of `n`, from their sum over some axes. */
const meanOf = (sum: Node, n: Node): Node => nodes.scale(sum, sizeOf(sum.shape) / sizeOf(n.shape));

const meanNode: Reduce = (n, axes) => meanOf(nodes.reduce('sum', n, axes), n);
const allNode: Reduce = (n, axes) => nodes.cast(nodes.reduce('min', nodes.cast(n, 'int32'), axes), 'bool');

/**
 * The sum of all elements, or over some axes.
 * @example
 * const x = constantOf([1, 2, 3, 4], 2, 2)
 * sum(x) // → 10
 * sum(x, 0) // → [4, 6]
 * pipe(x, sum(0)) // → [4, 6]
 * sum(zeros(8, 28, 28, 64), [1, 2]) // : Tensor<[8, 64]>
 */
export const sum: Reduction<Numeric> = reduction('sum', (n, axes) => nodes.reduce('sum', n, axes));

/**
 * The product of all elements, or over some axes.
 * @example
 * const x = constantOf([1, 2, 3, 4], 2, 2)
 * prod(x) // → 24
 * prod(x, -1) // → [2, 12]
 */
export const prod: Reduction<Numeric> = reduction('prod', (n, axes) => nodes.reduce('prod', n, axes));

/**
 * The greatest of all elements, or over some axes.
 * @example
 * const x = constantOf([1, 4, 3, 2], 2, 2)
 * max(x) // → 4
 * max(x, -1) // → [4, 3]
 */
export const max: Reduction<Numeric> = reduction('max', (n, axes) => nodes.reduce('max', n, axes));

/**
 * The smallest of all elements, or over some axes.
 * @example
 * const x = constantOf([1, 4, 3, 2], 2, 2)
 * min(x) // → 1
 * min(x, -1) // → [1, 2]
 */
export const min: Reduction<Numeric> = reduction('min', (n, axes) => nodes.reduce('min', n, axes));

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
  tensor(named('sumPerSample', () => nodes.reduce('sum', nodeOf(x), afterBatch(nodeOf(x)))));

/**
 * The mean over each sample of a batch: `[B, ...]` → `[B]`.
 * @example meanPerSample(constantOf([1, 2, 3, 4], 2, 2)) // → [1.5, 3.5]
 */
export const meanPerSample = <B extends Dim, R extends Shape>(x: Tensor<[B, ...R]>): Tensor<[B]> =>
  tensor(named('meanPerSample', () => meanNode(nodeOf(x), afterBatch(nodeOf(x)))));

/**
 * The mean squared distance from the mean (biased: divided by n), of all elements or over some axes.
 * @example
 * variance(constantOf([1, 3, 10, 30], 2, 2), -1) // → [1, 100]
 * variance(constantOf([1, 3], 2)) // → 1
 */
export const variance: Reduction<'float32'> = reduction('variance', (n, axes) => {
  const distance = nodes.sub(n, spread(meanOf(nodes.reduceKeeping('sum', n, axes), n), n.shape));
  return meanNode(nodes.mul(distance, distance), axes);
});

/**
 * ln Σ eˣ of all elements, or over some axes, without overflow; −∞ where all elements are −∞.
 * @example
 * logSumExp(zeros(2, 4)) // → 2.079
 * logSumExp(zeros(2, 4), -1) // → [1.386, 1.386]
 */
export const logSumExp: Reduction<'float32'> = reduction('logSumExp', (n, axes) => {
  const greatest = nodes.stopGradient(nodes.reduceKeeping('max', n, axes)); // any shift gives the same result
  const shift = nodes.select(nodes.unary('isFinite', greatest), greatest, nodes.zerosLike(greatest));
  const total = nodes.reduce('sum', nodes.exp(nodes.sub(n, spread(shift, n.shape))), axes);
  return nodes.add(nodes.unary('log', total), nodes.reshape(shift, total.shape));
});

/**
 * The 2-norm √Σx² of all elements, or over some axes. Its gradient x/‖x‖ is 0 where x is 0.
 * @example
 * norm(constantOf([2, 4, 4], 3)) // → 6
 * norm(constantOf([3, 4, 0, 0], 2, 2), -1) // → [5, 0]
 */
export const norm: Reduction<'float32'> = reduction('norm', (n, axes) => {
  const square = nodes.reduce('sum', nodes.mul(n, n), axes);
  const isZero = nodes.equal(square, nodes.zerosLike(square));
  const root = nodes.sqrt(nodes.select(isZero, nodes.full(1, square.shape), square)); // √ has no derivative at 0
  return nodes.select(isZero, nodes.zerosLike(root), root);
});

/**
 * True if any element is true, of all elements or over some axes; false for no elements.
 * @example
 * const x = constantOf(Uint8Array.of(0, 1, 0, 0), 2, 2)
 * any(x) // → true
 * any(x, -1) // → [true, false]
 */
export const any: Reduction<'bool'> = reduction('any', (n, axes) =>
  nodes.unary('not', allNode(nodes.unary('not', n), axes)),
);

/**
 * True if all elements are true, of all elements or over some axes; true for no elements.
 * @example
 * const x = constantOf(Uint8Array.of(0, 1, 1, 1), 2, 2)
 * all(x) // → false
 * all(x, -1) // → [false, true]
 */
export const all: Reduction<'bool'> = reduction('all', allNode);

type Cumulative = Dual<
  <S extends Shape, D extends Numeric, const A extends number>(x: Tensor<S, D>, axis: AxisIn<S, A>) => Tensor<S, D>,
  <const A extends number>(
    axis: A,
  ) => <S extends Shape, D extends Numeric>(x: Checked<Tensor<S, D>, S, Missing<S, A>>) => Tensor<S, D>
>;

/**
 * Cumulative sums along an axis; each includes its own element.
 * @example cumsum(constantOf([1, 2, 3], 3), 0) // → [1, 3, 6]
 */
export const cumsum: Cumulative = dual('cumsum', 2, (x: AnyTensor, axis: number) =>
  tensor(nodes.cumsum(nodeOf(x), axis)),
);

/** Shifts the elements of an axis by `by` places toward its end, and fills with ones. */
const shifted = (x: Node, axis: number, by: number): Node =>
  padAlong(sliceAlong(x, axis, 0, extentAt(x, axis) - by), axis, by, 0, 1);

/**
 * Cumulative products along an axis; each includes its own element. The gradient has no division, so zeros are handled.
 * Hillis & Steele 1986: log₂ n steps, each over twice as many elements.
 * @example cumprod(constantOf([1, 2, 3, 4], 4), 0) // → [1, 2, 6, 24]
 */
export const cumprod: Cumulative = dual('cumprod', 2, (x: AnyTensor, axis: number) => {
  const n = nodeOf(x);
  const at = nodes.axisOf('cumprod', n, axis);
  const from = (products: Node, by: number): Node =>
    by < extentAt(n, at) ? from(nodes.mul(products, shifted(products, at, by)), 2 * by) : products;
  return tensor(from(n, 1));
});

/**
 * The index of the greatest element along an axis, which disappears; of equal elements, the first, and NaN counts as ∞.
 * @example argmax(constantOf([0.1, 0.7, 0.2, 0.4, 0.3, 0.3], 2, 3), -1) // → [1, 0]
 */
export const argmax: Dual<
  <S extends Shape, const A extends number>(
    x: Tensor<S, Numeric>,
    axis: AxisIn<S, A>,
  ) => Tensor<Without<S, [A]>, 'int32'>,
  <const A extends number>(
    axis: A,
  ) => <S extends Shape>(x: Checked<Tensor<S, Numeric>, S, Missing<S, A>>) => Tensor<Without<S, [A]>, 'int32'>
> = dual('argmax', 2, (x: AnyTensor, axis: number) => tensor(nodes.argmax(nodeOf(x), axis)));
