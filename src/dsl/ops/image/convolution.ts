/** Convolutions of images `[B, H, W, C]` with kernels `[KH, KW, C, D]`, and changes of resolution. */
import type { Double, Half } from '../../types/dim.js';
import { dual, type OneError } from '../../dual.js';
import { named, raise, showShape } from '../../errors.js';
import type { Node } from '../../graph/node.js';
import { broadcast, conv2d as conv2dNode, reduce, reshape, scale } from '../../primitives/index.js';
import { namedFields } from '../../options.js';
import { type AnyTensor, type Dim, isOperand, isTensor, nodeOf, type Tensor, tensor } from '../../graph/tensor.js';
import { described } from '../operand.js';
import { type GivenPadding, type Padding, paddingOf, type Pair } from './padding.js';

const sizeOfKernel = (kernel: Node): Pair => [kernel.shape[0]!, kernel.shape[1]!];
const samePadding = (kernel: Node): Padding => paddingOf('same', sizeOfKernel(kernel));

/** The options of a convolution in `G` groups. */
export interface Convolution<G extends number = number> {
  /** Along the height and the width; default 1. */
  readonly strides?: Pair;
  /** `same` keeps the size at stride 1 (the default), `valid` does not pad; or the four counts. */
  readonly padding?: GivenPadding;
  /** The distance between neighbouring elements of the kernel, in pixels; default 1. */
  readonly dilation?: Pair;
  /** Input and output channels in independent groups; the kernel is `[KH, KW, C/groups, D]`. */
  readonly groups?: G;
}

/** `C` for one group; wide for several groups. */
export type Grouped<G extends number, C extends Dim> = [G] extends [1] ? C : Dim;

const fields = namedFields('conv2d', {}, ['strides', 'padding', 'dilation', 'groups']);

/** Tells the data-first form of a convolution: its second argument is no record of options. */
export const startsWithImage = ([, ...others]: readonly unknown[]): boolean => {
  const [second] = others;
  const isOptions = typeof second === 'object' && second !== null && !isTensor(second);
  return others.length > 0 && !(others.length === 1 && isOptions);
};

/** The node of a kernel. Raises `ShapeError` for anything else. */
export const kernelOf = (op: string, kernel: AnyTensor): Node =>
  isOperand(kernel)
    ? nodeOf(kernel)
    : raise('ShapeError', {
        where: op,
        expected: 'a tensor (kernel)',
        actual: described(kernel),
        hint: `write ${op}(image, kernel), or pipe(image, ${op}(kernel))`,
      });

/** See {@link conv2d}. */
type Conv2d = OneError & {
  <C extends Dim, D extends Dim>(
    kernel: Tensor<[Dim, Dim, C, D]>,
  ): <B extends Dim, H extends Dim, W extends Dim>(image: Tensor<[B, H, W, NoInfer<C>]>) => Tensor<[B, H, W, D]>;
  <C extends Dim, D extends Dim, const G extends number = 1>(
    kernel: Tensor<[Dim, Dim, C, D]>,
    options: Convolution<G>,
  ): <B extends Dim>(image: Tensor<[B, Dim, Dim, NoInfer<Grouped<G, C>>]>) => Tensor<[B, Dim, Dim, D]>;
  <B extends Dim, C extends Dim, D extends Dim, const G extends number = 1>(
    image: Tensor<[B, Dim, Dim, C]>,
    kernel: Tensor<[Dim, Dim, NoInfer<Grouped<G, C>>, D]>,
    options: Convolution<G>,
  ): Tensor<[B, Dim, Dim, D]>;
  <B extends Dim, H extends Dim, W extends Dim, C extends Dim, D extends Dim>(
    image: Tensor<[B, H, W, C]>,
    kernel: Tensor<[Dim, Dim, NoInfer<C>, D]>,
  ): Tensor<[B, H, W, D]>;
};

/**
 * Convolves images `[B, H, W, C]` with a `kernel: [KH, KW, C, D]` → `[B, H, W, D]`. The kernel is not flipped (a
 * cross-correlation). Without options, zeros are padded so that the size stays. With options the size of the result is
 * wide, `[B, Dim, Dim, D]`, and the kernel is `[KH, KW, C/groups, D]`. Raises `ShapeError` if the channels do not fit the
 * kernel, and `ConfigError` for invalid options.
 * @example
 * conv2d(zeros(8, 28, 28, 1), zeros(3, 3, 1, 64)) // : Tensor<[8, 28, 28, 64]>
 * pipe(ones(1, 3, 3, 1), conv2d(ones(3, 3, 1, 1)), reshape(3, 3)) // → [[4, 6, 4], [6, 9, 6], [4, 6, 4]]
 * const patches = conv2d(zeros(8, 28, 28, 1), zeros(4, 4, 1, 32), { strides: [4, 4], padding: 'valid' })
 * dims(patches) // → [8, 7, 7, 32]
 * conv2d(zeros(8, 28, 28, 64), zeros(3, 3, 1, 64), { groups: 64 }) // : Tensor<[8, Dim, Dim, 64]>
 */
export const conv2d: Conv2d = dual(
  'conv2d',
  startsWithImage,
  (image: AnyTensor, kernel: AnyTensor, options: Convolution = {}) => {
    const { strides = [1, 1], padding = 'same', dilation = [1, 1], groups = 1 } = fields(options);
    const n = kernelOf('conv2d', kernel);
    const around = paddingOf(padding, sizeOfKernel(n), dilation);
    return tensor(conv2dNode(nodeOf(image), n, { strides, padding: around, rhsDilation: dilation, groups }));
  },
  3,
);

/** Raises `ShapeError` if the height or the width of an image is odd. */
export const requireEvenSize = (op: string, { shape }: Node): void => {
  if (shape[1]! % 2 !== 0 || shape[2]! % 2 !== 0)
    raise('ShapeError', {
      where: op,
      expected: 'an even height and width',
      actual: showShape(shape),
      hint: 'pad the image, or choose a size that is divisible by a power of 2',
    });
};

/** See {@link downsample}. */
interface Downsample {
  <C extends Dim, D extends Dim>(
    kernel: Tensor<[Dim, Dim, C, D]>,
  ): <B extends Dim, H extends Dim, W extends Dim>(
    image: Tensor<[B, H, W, NoInfer<C>]>,
  ) => Tensor<[B, Half<H>, Half<W>, D]>;
  <B extends Dim, H extends Dim, W extends Dim, C extends Dim, D extends Dim>(
    image: Tensor<[B, H, W, C]>,
    kernel: Tensor<[Dim, Dim, NoInfer<C>, D]>,
  ): Tensor<[B, Half<H>, Half<W>, D]>;
}

/**
 * Convolves with stride 2, which halves the size: `[B, H, W, C]` → `[B, H/2, W/2, D]`. A 3×3 kernel pads by 1 on each
 * side. Raises `ShapeError` if the size is odd.
 * @example downsample(zeros(8, 28, 28, 64), zeros(3, 3, 64, 128)) // : Tensor<[8, 14, 14, 128]>
 */
export const downsample: Downsample = dual('downsample', 2, (image: AnyTensor, kernel: AnyTensor) => {
  requireEvenSize('downsample', nodeOf(image));
  const padding = samePadding(nodeOf(kernel));
  return tensor(named('downsample', () => conv2dNode(nodeOf(image), nodeOf(kernel), { strides: [2, 2], padding })));
});

/** See {@link depthwiseConv2d}. */
interface DepthwiseConv2d {
  <C extends Dim>(
    kernel: Tensor<[Dim, Dim, 1, C]>,
  ): <B extends Dim, H extends Dim, W extends Dim>(image: Tensor<[B, H, W, NoInfer<C>]>) => Tensor<[B, H, W, C]>;
  <B extends Dim, H extends Dim, W extends Dim, C extends Dim>(
    image: Tensor<[B, H, W, C]>,
    kernel: Tensor<[Dim, Dim, 1, NoInfer<C>]>,
  ): Tensor<[B, H, W, C]>;
}

/**
 * Convolves each channel on its own, padded with zeros so that the size stays: `[B, H, W, C]` and a `kernel: [KH, KW, 1,
 * C]` → `[B, H, W, C]`. For other strides, or several output channels for each input channel, use {@link conv2d} with
 * `groups`. Chollet 2017.
 * @example
 * depthwiseConv2d(zeros(8, 28, 28, 64), zeros(3, 3, 1, 64)) // : Tensor<[8, 28, 28, 64]>
 * pipe(ones(1, 1, 1, 2), depthwiseConv2d(constantOf([2, 3], 1, 1, 1, 2)), reshape(2)) // → [2, 3]
 */
export const depthwiseConv2d: DepthwiseConv2d = dual('depthwiseConv2d', 2, (image: AnyTensor, kernel: AnyTensor) => {
  const n = nodeOf(kernel);
  return tensor(
    named('depthwiseConv2d', () => conv2dNode(nodeOf(image), n, { padding: samePadding(n), groups: n.shape[3]! })),
  );
});

/**
 * Doubles the size by repeating the nearest pixel: `[B, H, W, C]` → `[B, 2H, 2W, C]`.
 * @example
 * upsample(zeros(8, 14, 14, 64)) // : Tensor<[8, 28, 28, 64]>
 * pipe(constantOf([1, 2], 1, 1, 2, 1), upsample, reshape(2, 4)) // → [[1, 1, 2, 2], [1, 1, 2, 2]]
 */
export const upsample = <B extends Dim, H extends Dim, W extends Dim, C extends Dim>(
  image: Tensor<[B, H, W, C]>,
): Tensor<[B, Double<H>, Double<W>, C]> => {
  const n = nodeOf(image);
  const [B, H, W, C] = n.shape as readonly [number, number, number, number]; // by its type
  const doubled = broadcast(reshape(n, [B, H, 1, W, 1, C]), [B, H, 2, W, 2, C]);
  return tensor(reshape(doubled, [B, 2 * H, 2 * W, C]));
};

/**
 * Halves the size: the mean of each 2×2 square, `[B, H, W, C]` → `[B, H/2, W/2, C]`. Raises `ShapeError` if the size is
 * odd.
 * @example
 * averagePool(zeros(8, 28, 28, 64)) // : Tensor<[8, 14, 14, 64]>
 * pipe(constantOf([1, 2, 3, 6], 1, 2, 2, 1), averagePool, reshape(1)) // → [3]
 */
export const averagePool = <B extends Dim, H extends Dim, W extends Dim, C extends Dim>(
  image: Tensor<[B, H, W, C]>,
): Tensor<[B, Half<H>, Half<W>, C]> => {
  const n = nodeOf(image);
  requireEvenSize('averagePool', n);
  const [B, H, W, C] = n.shape as readonly [number, number, number, number]; // by its type
  return tensor(scale(reduce('sum', reshape(n, [B, H / 2, 2, W / 2, 2, C]), [2, 4]), 1 / 4));
};
