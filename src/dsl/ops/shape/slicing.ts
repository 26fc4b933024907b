/** Parts of tensors, and padding. An axis may count from the end. */
import type { Checked } from '../../types/checked.js';
import {
  type Add,
  type Extent,
  extents,
  type Extents,
  type Half,
  type IsWide,
  type OrNever,
  type Wide,
} from '../../types/dim.js';
import type { IsGreater } from '../../../internal/digits.js';
import { dual, type DualByKind, type Dual } from '../../../internal/dual.js';
import { sumOf } from '../../../internal/numbers.js';
import { list } from '../../../internal/parts.js';
import { argument } from '../../../internal/schema.js';
import { refuseShape, showShape } from '../../../internal/errors.js';
import { extentAt, type Node } from '../../graph/node.js';
import { demandNumber } from '../../primitives/checks.js';
import * as nodes from '../../primitives/index.js';
import type { AlongAxis, AxesIn, AxisIn, ExtentAt, Missing, MissingOf, Replace } from '../../types/shape.js';
import { type AnyTensor, type Dim, type DType, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import { startsWithTensor } from '../operand.js';

/** Takes `size` elements of one axis. */
export const sliceAlong = (x: Node, axis: number, start: number, size: number, stride = 1): Node =>
  nodes.slice(
    x,
    x.shape.map((_, i) => (i === axis ? start : 0)),
    x.shape.map((d, i) => (i === axis ? size : d)),
    x.shape.map((_, i) => (i === axis ? stride : 1)),
  );

/** Pads one axis with `value`. */
export const padAlong = (x: Node, axis: number, low: number, high: number, value: number): Node => {
  const along = (count: number): readonly number[] => x.shape.map((_, i) => (i === axis ? count : 0));
  return nodes.pad(x, along(low), along(high), along(0), value);
};

/**
 * An error message if the axis has fewer than `N` elements from `F` on; otherwise `never`. `F` may count from the end.
 */
type Beyond<D, A extends number, F extends number, N extends number> = true extends IsWide<D> | IsWide<F> | IsWide<N>
  ? never
  : D extends number
    ? `${F}` extends `-${infer Back extends number}`
      ? true extends IsGreater<Back, D> | IsGreater<N, Back>
        ? `axis ${A} has ${D} elements: none for ${N} from ${F} on`
        : never
      : true extends IsGreater<Add<F, N> & number, D>
        ? `axis ${A} has ${D} elements, fewer than ${F} + ${N}`
        : never
    : never;
type SliceOf<A, F, N> = [axis: A, start: F, size: Extent<N>, stride?: number];

/**
 * Takes `size` elements along an axis from `start`, every `stride`-th (default 1). A negative start counts from the end.
 * Raises `ShapeError` if the axis is too short.
 * @example
 * slice(iota(6), 0, 1, 3) // → [1, 2, 3]
 * slice(iota(6), 0, -2, 2) // → [4, 5]
 * slice(iota(6), 0, 0, 3, 2) // → [0, 2, 4]
 */
export const slice: DualByKind<
  [x: AnyTensor, axis: number, start: number, size: number, stride?: number],
  <S extends Shape, D extends DType, const A extends number, const F extends number, const N extends number>(
    x: Tensor<S, D>,
    axis: AxisIn<S, A>,
    start: F,
    size: Checked<Extent<N>, ExtentAt<S, A> & Dim, Beyond<ExtentAt<S, A>, A, F, N>>,
    stride?: number,
  ) => Tensor<Replace<S, A, Wide<N>>, D>,
  <const A extends number, const F extends number, const N extends number>(
    ...slice: SliceOf<A, F, N>
  ) => <S extends Shape, D extends DType>(
    x: AlongAxis<Tensor<S, D>, S, A, Beyond<ExtentAt<S, A>, A, F, N>>,
  ) => Tensor<Replace<S, A, Wide<N>>, D>
> = dual('slice', [startsWithTensor, 5], (x: AnyTensor, axis: number, start: number, size: number, stride = 1) => {
  const n = nodeOf(x);
  const at = nodes.axisOf('slice', n, axis);
  return tensor(sliceAlong(n, at, start < 0 ? start + extentAt(n, at) : start, size, stride));
});

type PaddingOf<A, L, H> = [axis: A, low: Extent<L>, high: Extent<H>, value?: number];
type Padded<S extends Shape, A extends number, L extends number, H extends number> = Replace<
  S,
  A,
  Add<ExtentAt<S, A>, Add<Wide<L>, Wide<H>>>
>;

/**
 * Puts `low` copies of `value` (default 0) before an axis and `high` after it. Raises `ShapeError` for a negative count.
 * @example
 * pad(ones(2), 0, 1, 2) // → [0, 1, 1, 0, 0]
 * pipe(zeros(8, 28, 28, 1), pad(1, 2, 2), pad(2, 2, 2)) // : Tensor<[8, 32, 32, 1]>
 */
export const pad: DualByKind<
  [x: AnyTensor, axis: number, low: number, high: number, value?: number],
  <S extends Shape, D extends DType, const A extends number, const L extends number, const H extends number>(
    x: Tensor<S, D>,
    axis: AxisIn<S, A>,
    low: Extent<L>,
    high: Extent<H>,
    value?: number,
  ) => Tensor<Padded<S, A, L, H>, D>,
  <const A extends number, const L extends number, const H extends number>(
    ...padding: PaddingOf<A, L, H>
  ) => <S extends Shape, D extends DType>(x: Checked<Tensor<S, D>, S, Missing<S, A>>) => Tensor<Padded<S, A, L, H>, D>
> = dual('pad', [startsWithTensor, 5], (x: AnyTensor, axis: number, low: number, high: number, value = 0) => {
  const n = nodeOf(x);
  return tensor(padAlong(n, nodes.axisOf('pad', n, axis), low, high, value));
});

/**
 * Reverses the order of the elements along some axes.
 * @example flip(iota(3), 0) // → [2, 1, 0]
 */
export const flip: DualByKind<
  [x: AnyTensor, ...axes: readonly number[]],
  <S extends Shape, D extends DType, const A extends readonly number[]>(
    x: Tensor<S, D>,
    ...axes: AxesIn<S, A>
  ) => Tensor<S, D>,
  <const A extends readonly number[]>(
    ...axes: A
  ) => <S extends Shape, D extends DType>(x: Checked<Tensor<S, D>, S, MissingOf<S, A>>) => Tensor<S, D>
> = dual('flip', startsWithTensor, (x: AnyTensor, ...axes: readonly number[]) => tensor(nodes.flip(nodeOf(x), axes)));

/**
 * Shifts the elements of an axis by `by` places toward its end (toward its front if `by` < 0) and around.
 * @example
 * roll(iota(5), 0, 2) // → [3, 4, 0, 1, 2]
 * roll(iota(5), 0, -1) // → [1, 2, 3, 4, 0]
 */
export const roll: Dual<
  <S extends Shape, D extends DType, const A extends number>(
    x: Tensor<S, D>,
    axis: AxisIn<S, A>,
    by: number,
  ) => Tensor<S, D>,
  <const A extends number>(
    axis: A,
    by: number,
  ) => <S extends Shape, D extends DType>(x: Checked<Tensor<S, D>, S, Missing<S, A>>) => Tensor<S, D>
> = dual('roll', 3, (x: AnyTensor, axis: number, by: number) => {
  const n = nodeOf(x);
  const at = nodes.axisOf('roll', n, axis);
  const extent = extentAt(n, at);
  const shift = extent === 0 ? 0 : ((demandNumber('roll', by) % extent) + extent) % extent;
  if (shift === 0) return tensor(n);
  return tensor(nodes.concat([sliceAlong(n, at, extent - shift, shift), sliceAlong(n, at, 0, extent - shift)], at));
});

const partsOf = (n: Node, axis: number, sizes: readonly number[]): readonly AnyTensor[] =>
  sizes.map((size, i) => tensor(sliceAlong(n, axis, sumOf(sizes.slice(0, i)), size)));

/** The sizes of the data-first form, or an error message. */
type SizesOf<S extends Shape, A extends number, N extends readonly number[]> = Extents<N> &
  Checked<unknown, S, Unequal<ExtentAt<S, A>, A, N>, ExtentAt<S, A>>;
/** The tensor of the pipeable form, or an error message. */
type Splittable<S extends Shape, A extends number, N extends readonly number[], D extends DType> = AlongAxis<
  Tensor<S, D>,
  S,
  A,
  Unequal<ExtentAt<S, A>, A, N>
>;

/** The sum of sizes; wide if one of them is. */
type Total<N extends readonly unknown[], Sum extends Dim = 0> = N extends readonly [infer First, ...infer Rest]
  ? Total<Rest, Add<Sum, Wide<First>>>
  : N extends readonly []
    ? Sum
    : Dim;
/** An error message if the sizes do not add up to the extent `D`; otherwise `never`. */
type Unequal<D, A extends number, N extends readonly unknown[], Sum extends Dim = Total<N>> = true extends
  | IsWide<D>
  | IsWide<Sum>
  ? never
  : [D, Sum] extends [number, number]
    ? [D] extends [Sum]
      ? never
      : `axis ${A} is ${D & Dim}, but the sizes add up to ${Sum}`
    : never;
type Parts<S extends Shape, A extends number, N extends readonly number[], D extends DType> = {
  readonly [I in keyof N]: Tensor<Replace<S, A, Wide<N[I]>>, D>;
};

interface Split {
  <S extends Shape, D extends DType, const N extends readonly number[]>(
    x: Tensor<S, D>,
    sizes: SizesOf<S, -1, N>,
  ): Parts<S, -1, N, D>;
  (x: never, sizes: never): never;
  <const N extends readonly number[]>(
    sizes: Extents<N>,
  ): <S extends Shape, D extends DType>(x: Splittable<S, -1, N, D>) => Parts<S, -1, N, D>;
  <const N extends readonly number[], const A extends number>(
    sizes: Extents<N>,
    axis: A,
  ): <S extends Shape, D extends DType>(x: Splittable<S, A, N, D>) => Parts<S, A, N, D>;
  <S extends Shape, D extends DType, const N extends readonly number[], const A extends number>(
    x: Tensor<S, D>,
    sizes: SizesOf<S, A, N>,
    axis: AxisIn<S, A>,
  ): Parts<S, A, N, D>;
  // repeats the first overload: see OneError
  <S extends Shape, D extends DType, const N extends readonly number[]>(
    x: Tensor<S, D>,
    sizes: SizesOf<S, -1, N>,
  ): Parts<S, -1, N, D>;
}

const partSizes = argument('split: sizes', list('the sizes of the parts, such as [64, 64]'));

/**
 * Splits an axis (default: the last) into parts of the given sizes. Raises `ShapeError` unless they add up to its extent.
 * @example
 * const [q, k, v] = split(zeros(8, 7, 7, 192), [64, 64, 64])
 * q // : Tensor<[8, 7, 7, 64]>
 * split(iota(5), [2, 3]) // → [[0, 1], [2, 3, 4]]
 */
export const split: Split = dual(
  'split',
  [startsWithTensor, 3],
  (x: AnyTensor, sizes: readonly number[], axis = -1) => {
    const n = nodeOf(x);
    const at = nodes.axisOf('split', n, axis);
    partSizes.demand(sizes);
    const parts = extents('split', sizes);
    const expected = `sizes that add up to axis ${axis} of ${showShape(n.shape)}`;
    if (sumOf(parts) !== n.shape[at]) refuseShape('split', expected, parts, 'give the size of each part');
    return partsOf(n, at, parts);
  },
);

/** An error message if the extent of an axis is odd; otherwise `never`. */
type Odd<D, A extends number> = D extends number
  ? Half<D> extends string
    ? `axis ${A} is ${D}, which is odd`
    : never
  : never;
type Even<S extends Shape, A extends number, D extends DType> = AlongAxis<Tensor<S, D>, S, A, Odd<ExtentAt<S, A>, A>>;
// with `infer`, editors show the tuple instead of this name
type Halves<S extends Shape, A extends number, D extends DType> =
  Replace<S, A, OrNever<Half<ExtentAt<S, A>>>> extends infer H extends Shape
    ? readonly [Tensor<H, D>, Tensor<H, D>]
    : never;

interface Halve {
  <S extends Shape, D extends DType>(x: Even<S, -1, D>): Halves<S, -1, D>;
  (x: never): never;
  (x: never): undefined; // the result types differ because TypeScript merges equal overloads
  (): <S extends Shape, D extends DType>(x: Even<S, -1, D>) => Halves<S, -1, D>;
  <const A extends number>(axis: A): <S extends Shape, D extends DType>(x: Even<S, A, D>) => Halves<S, A, D>;
  <S extends Shape, D extends DType, const A extends number>(
    x: Checked<Tensor<S, D>, ExtentAt<S, A> & Dim, Odd<ExtentAt<S, A>, A>>,
    axis: AxisIn<S, A>,
  ): Halves<S, A, D>;
  // repeats the first overload: see OneError
  <S extends Shape, D extends DType>(x: Even<S, -1, D>): Halves<S, -1, D>;
}

/**
 * Splits an axis (default: the last) into two halves. Raises `ShapeError` if its extent is odd.
 * @example
 * const [scale, shift] = halve(zeros(8, 128))
 * scale // : Tensor<[8, 64]>
 * halve(iota(4)) // → [[0, 1], [2, 3]]
 */
export const halve: Halve = dual('halve', [startsWithTensor, 2], (x: AnyTensor, axis = -1) => {
  const n = nodeOf(x);
  const at = nodes.axisOf('halve', n, axis);
  const size = extentAt(n, at) / 2;
  if (!Number.isInteger(size))
    refuseShape('halve', `an even extent on axis ${axis}`, n.shape, 'pad it by one, or slice one off');
  return partsOf(n, at, [size, size]);
});
