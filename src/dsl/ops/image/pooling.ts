/** Pooling over windows of images `[B, H, W, C]`, one axis after the other. */
import type { Convolved, GivenPadding, Pair } from '../../types/convolved.js';
import { type Half, isExtent, type OrNever, type Wide } from '../../types/dim.js';
import { dual, type Dual } from '../../../internal/dual.js';
import { raise, refuseShape, showShape } from '../../../internal/errors.js';
import { extentAt, type Node } from '../../graph/node.js';
import { add, constant, fourOf, max, mul, reduce, reshape, scale } from '../../primitives/index.js';
import { type AnyTensor, type Dim, nodeOf, type Tensor, tensor } from '../../graph/tensor.js';
import { type EvenImage, paddingOf, paddingOption, pair, requireEvenSize } from './windows.js';
import { spread } from '../operand.js';
import { padAlong, sliceAlong } from '../shape/slicing.js';
import { type Filled, optional, schema } from '../../../internal/schema.js';

/** The windows of a pooling, of size `N` with the strides `S` and the padding `P`. */
export interface Pooling<N extends Pair = Pair, S extends Pair = Pair, P extends GivenPadding = GivenPadding> {
  /** Height and width. */
  readonly window: N;
  /** The distance between windows; default: the size of the window, without overlap. */
  readonly strides?: S;
  /** `valid` takes whole windows only (the default), `same` keeps the size at stride 1; or the four counts. */
  readonly padding?: P;
}

const poolFields = {
  window: pair('a height and width'),
  strides: optional(pair('a height and width')),
  padding: optional(paddingOption, 'valid'),
};

/** The windows along the height and along the width; `count` is their number. */
const windowsOf = (
  op: string,
  { shape }: Node,
  { window, strides = window, padding }: Filled<typeof poolFields, Pooling>,
) => {
  const around = paddingOf(padding, window);
  const isWell = [...window, ...strides].every((n) => isExtent(n) && n > 0);
  if (!isWell || !around.every((counts, i) => counts.every((n) => isExtent(n) && n < window[i]!)))
    raise('ConfigError', {
      where: op,
      expected: 'a window and strides of integers ≥ 1, and a padding less than the window',
      actual: `window ${showShape(window)}, strides ${showShape(strides)}, padding ${showShape(around.map(showShape))}`,
      hint: 'make the padding smaller than the window',
    });
  return ([0, 1] as const).map((i) => {
    const [low, high] = around[i];
    const count = Math.floor((shape[1 + i]! + low + high - window[i]) / strides[i]) + 1;
    const expected = `an image of at least ${showShape(window)} with its padding`;
    if (count < 1) refuseShape(op, expected, shape, 'pad it, or take a smaller window');
    return { axis: 1 + i, size: window[i], stride: strides[i], low, high, count };
  });
};

type Windows = ReturnType<typeof windowsOf>[number];

/** Combines the elements of each window along an axis; the image is padded with `value`. */
const combined = (
  x: Node,
  { axis, size, stride, low, high, count }: Windows,
  combine: (a: Node, b: Node) => Node,
  value: number,
): Node => {
  const padded = padAlong(x, axis, low, high, value);
  return Array.from({ length: size }, (_, tap) => sliceAlong(padded, axis, tap, count, stride)).reduce(combine);
};

/** 1/n for the n pixels of each window along an axis, without padding. */
const shares = (x: Node, { axis, size, stride, low, count }: Windows): Node => {
  const fractions = Array.from({ length: count }, (_, i) => {
    const start = i * stride - low;
    return 1 / (Math.min(extentAt(x, axis), start + size) - Math.max(0, start));
  });
  const shape = x.shape.map((_, i) => (i === axis ? count : 1));
  return constant(Float64Array.from(fractions), shape, 'float32');
};

/** The height (`A` = 0) or the width (`A` = 1) of a pool. */
type Pooled<D extends Dim, N extends Pair, S extends Pair, P extends GivenPadding, A extends 0 | 1> = Convolved<
  D,
  Wide<N[A]>,
  S,
  P,
  readonly [1, 1],
  A
>;
type Pool = Dual<
  <
    B extends Dim,
    H extends Dim,
    W extends Dim,
    C extends Dim,
    const N extends Pair,
    const S extends Pair = N,
    const P extends GivenPadding = 'valid',
  >(
    image: Tensor<[B, H, W, C]>,
    windows: Pooling<N, S, P>,
  ) => Tensor<[B, Pooled<H, N, S, P, 0>, Pooled<W, N, S, P, 1>, C]>,
  <const N extends Pair, const S extends Pair = N, const P extends GivenPadding = 'valid'>(
    windows: Pooling<N, S, P>,
  ) => <B extends Dim, H extends Dim, W extends Dim, C extends Dim>(
    image: Tensor<[B, H, W, C]>,
  ) => Tensor<[B, Pooled<H, N, S, P, 0>, Pooled<W, N, S, P, 1>, C]>
>;

const pooling = (op: string, alongOne: (x: Node, windows: Windows) => Node): Pool => {
  const options = schema(op, poolFields);
  return dual(op, 2, (image: AnyTensor, windows: Pooling) => {
    const n = nodeOf(image);
    return tensor(windowsOf(op, n, options.demand<Pooling>(windows)).reduce(alongOne, n));
  });
};

const maxAlong = (x: Node, windows: Windows): Node => combined(x, windows, max, -Infinity);

/**
 * The greatest element of each window: `[B, H, W, C]` → `[B, H', W', C]`. For each axis
 * H' = ⌊(H + padding − window)/stride⌋ + 1; it is wide unless the sizes are literals. Raises `ShapeError`
 * if the image is smaller than a window, and `ConfigError` for invalid windows.
 * @example
 * const image = constantOf([1, 5, 2, 3, 4, 0], 1, 1, 6, 1)
 * pipe(image, maxPooling({ window: [1, 3], strides: [1, 1] }), reshape(4)) // → [5, 5, 4, 4]
 * dims(maxPooling(zeros(8, 28, 28, 64), { window: [3, 3], strides: [2, 2], padding: 'same' })) // → [8, 14, 14, 64]
 */
export const maxPooling: Pool = pooling('maxPooling', maxAlong);

/**
 * The mean of each window, without its padding: `[B, H, W, C]` → `[B, H', W', C]`. For each axis
 * H' = ⌊(H + padding − window)/stride⌋ + 1; it is wide unless the sizes are literals. Raises
 * `ShapeError` if the image is smaller than a window, and `ConfigError` for invalid windows.
 * @example
 * const image = constantOf([1, 5, 3, 3, 4, 2], 1, 1, 6, 1)
 * pipe(image, averagePooling({ window: [1, 3] }), reshape(2)) // → [3, 3]
 * pipe(ones(1, 3, 3, 1), averagePooling({ window: [3, 3], strides: [2, 2], padding: 'same' }), reshape(2, 2)) // → [[1, 1], [1, 1]]
 */
export const averagePooling: Pool = pooling('averagePooling', (x, windows) => {
  const sums = combined(x, windows, add, 0);
  return mul(sums, spread(shares(x, windows), sums.shape));
});

/**
 * The greatest element of each 2×2 square: `[B, H, W, C]` → `[B, H/2, W/2, C]`. Raises `ShapeError` if the size is odd.
 * @example
 * maxPool(zeros(8, 28, 28, 64)) // : Tensor<[8, 14, 14, 64]>
 * pipe(constantOf([1, 2, 3, 6], 1, 2, 2, 1), maxPool, reshape(1)) // → [6]
 */
export const maxPool = <B extends Dim, H extends Dim, W extends Dim, C extends Dim>(
  image: EvenImage<B, H, W, C>,
): Tensor<[B, OrNever<Half<H>>, OrNever<Half<W>>, C]> => {
  const n = nodeOf(image as AnyTensor); // a call passes a tensor: a message is only a type
  requireEvenSize('maxPool', n);
  return tensor(windowsOf('maxPool', n, { window: [2, 2], padding: 'valid' }).reduce(maxAlong, n));
};

/**
 * The mean of each 2×2 square: `[B, H, W, C]` → `[B, H/2, W/2, C]`. Raises `ShapeError` if the size is odd.
 * @example
 * averagePool(zeros(8, 28, 28, 64)) // : Tensor<[8, 14, 14, 64]>
 * pipe(constantOf([1, 2, 3, 6], 1, 2, 2, 1), averagePool, reshape(1)) // → [3]
 */
export const averagePool = <B extends Dim, H extends Dim, W extends Dim, C extends Dim>(
  image: EvenImage<B, H, W, C>,
): Tensor<[B, OrNever<Half<H>>, OrNever<Half<W>>, C]> => {
  const n = nodeOf(image as AnyTensor); // a call passes a tensor: a message is only a type
  requireEvenSize('averagePool', n);
  const [B, H, W, C] = fourOf(n);
  return tensor(scale(reduce('sum', reshape(n, [B, H / 2, 2, W / 2, 2, C]), [2, 4]), 1 / 4));
};
