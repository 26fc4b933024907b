/** Convolutions of images `[B, H, W, C]` with kernels `[KH, KW, C, D]`. */
import type { Checked, Fits, NotMultiple } from '../../types/checked.js';
import type { Convolved, GivenPadding, Pair } from '../../types/convolved.js';
import type { Half, OrNever } from '../../types/dim.js';
import type { ExtentMismatch } from '../../types/mismatch.js';
import type { Product, Quotient } from '../../types/product.js';
import { dual, type Dual } from '../../../internal/dual.js';
import type { Exact } from '../../../internal/exact.js';
import { named, raise } from '../../../internal/errors.js';
import { extentAt, type Node } from '../../graph/node.js';
import { conv2d as conv2dNode } from '../../primitives/index.js';
import { numberOf } from '../../../internal/decode.js';
import { optional, schema } from '../../../internal/schema.js';
import { type AnyTensor, type Dim, isOperand, nodeOf, type Tensor, tensor } from '../../graph/tensor.js';
import { described, isRecord, type RecordOr } from '../operand.js';
import { type EvenImage, paddingOf, paddingOption, pair, requireEvenSize } from './windows.js';

/** The height and width of a kernel. */
export const sizeOfKernel = (kernel: Node): Pair => [extentAt(kernel, 0), extentAt(kernel, 1)];

/** The options of a convolution in `G` groups, with the strides `S`, the padding `P` and the dilation `L`. */
export interface Convolution<
  G extends number = number,
  S extends Pair = Pair,
  P extends GivenPadding = GivenPadding,
  L extends Pair = Pair,
> {
  /** The steps along the height and the width; default 1. */
  readonly strides?: S;
  /** `same` keeps the size at stride 1 (the default), `valid` does not pad; or the four counts. */
  readonly padding?: P;
  /** The distance between neighbouring elements of the kernel, in pixels; default 1. */
  readonly dilation?: L;
  /** Input and output channels in independent groups; the kernel is `[KH, KW, C/groups, D]`. */
  readonly groups?: G;
}

/** The channels of one of `G` groups. */
type Grouped<G extends number, C extends Dim> = [G] extends [1] ? C : number extends G ? Dim : Quotient<C, G>;
/** The channels of `G` groups of `C` channels. */
export type Ungrouped<G extends number, C extends Dim> = [G] extends [1]
  ? C
  : number extends G
    ? Dim
    : Product<[C, G]> & Dim;

/** A kernel for images of `C` channels, or an error message. */
type KernelFor<C extends Dim, KH extends Dim, KW extends Dim, K extends Dim, D extends Dim> = Fits<
  K,
  C,
  Tensor<[KH, KW, K, D]>,
  ExtentMismatch<C, K, 'axis 2 of the kernel', 'the channels of the image'>
>;
/** {@link KernelFor} a convolution in `G` groups. */
type GroupedKernel<C extends Dim, G extends number, KH extends Dim, KW extends Dim, K extends Dim, D extends Dim> = [
  G,
] extends [1]
  ? KernelFor<C, KH, KW, K, D>
  : Checked<
      Fits<
        K,
        Grouped<G, C>,
        Tensor<[KH, KW, K, D]>,
        ExtentMismatch<Grouped<G, C>, K, 'axis 2 of the kernel', `for ${C} channels in ${G} groups`>
      >,
      D,
      NotMultiple<D, G, 'output channels', ' groups'> | NotMultiple<C, G, 'channels', ' groups'>,
      C
    >;

/** Detects the data-first form of a convolution: its second argument is not a record of options. */
export const startsWithImage = (args: readonly unknown[]): boolean =>
  args.length > 2 || (args.length === 2 && !isRecord(args[1]));

/** Returns the node of a kernel. Raises `ShapeError` for anything but a tensor. */
export const kernelOf = (op: string, kernel: AnyTensor): Node =>
  isOperand(kernel)
    ? nodeOf(kernel)
    : raise('ShapeError', {
        where: op,
        expected: 'a tensor (kernel)',
        actual: described(kernel),
        hint: `write ${op}(image, kernel), or pipe(image, ${op}(kernel))`,
      });

const convolved = (
  op: string,
  image: AnyTensor,
  kernel: Node,
  { strides = [1, 1], padding = 'same', dilation = [1, 1], groups = 1 }: Convolution,
): AnyTensor => {
  const around = paddingOf(padding, sizeOfKernel(kernel), dilation);
  const attributes = { strides, padding: around, rhsDilation: dilation, groups };
  return tensor(named(op, () => conv2dNode(nodeOf(image), kernel, attributes)));
};

/** The fields of {@link Convolution}. */
export const convolutionFields = {
  strides: optional(pair('[height, width]'), [1, 1]),
  padding: optional(paddingOption, 'same'),
  dilation: optional(pair('[height, width]'), [1, 1]),
  groups: optional(numberOf('a number of groups'), 1),
};
const convolution = schema('conv2d', convolutionFields);

/**
 * Convolves images `[B, H, W, C]` with a `kernel: [KH, KW, C, D]` → `[B, H, W, D]`. The kernel is not flipped (a
 * cross-correlation). Without options, the image is padded with zeros so that the result has the same size. With options
 * the result is `[B, H', W', D]`, H' = ⌊(H + padding − dilation·(KH − 1) − 1)/stride⌋ + 1, and the kernel is `[KH, KW,
 * C/groups, D]`. H' is wide if the type cannot compute it. Raises `ShapeError` if the channels do not fit the kernel, and
 * `ConfigError` for invalid options.
 * @example
 * conv2d(zeros(8, 28, 28, 1), zeros(3, 3, 1, 64)) // : Tensor<[8, 28, 28, 64]>
 * pipe(ones(1, 3, 3, 1), conv2d(ones(3, 3, 1, 1)), reshape(3, 3)) // → [[4, 6, 4], [6, 9, 6], [4, 6, 4]]
 * const patches = conv2d(zeros(8, 28, 28, 1), zeros(4, 4, 1, 32), { strides: [4, 4], padding: 'valid' })
 * patches // : Tensor<[8, 7, 7, 32]>
 * conv2d(zeros(8, 28, 28, 64), zeros(3, 3, 1, 64), { groups: 64 }) // : Tensor<[8, 28, 28, 64]>
 */
export const conv2d: {
  <C extends Dim, D extends Dim>(
    kernel: Tensor<[Dim, Dim, C, D]>,
  ): <B extends Dim, H extends Dim, W extends Dim>(image: Tensor<[B, H, W, NoInfer<C>]>) => Tensor<[B, H, W, D]>;
  (kernel: never, options: never): never; // no call matches it: see OneError
  <B extends Dim, H extends Dim, W extends Dim, C extends Dim, D extends Dim>(
    image: Tensor<[B, H, W, C]>,
    kernel: Tensor<[Dim, Dim, NoInfer<C>, D]>,
  ): Tensor<[B, H, W, D]>;
  <
    B extends Dim,
    H extends Dim,
    W extends Dim,
    C extends Dim,
    KH extends Dim,
    KW extends Dim,
    K extends Dim,
    D extends Dim,
    const G extends number = 1,
    const S extends Pair = readonly [1, 1],
    const P extends GivenPadding = 'same',
    const L extends Pair = readonly [1, 1],
    F = unknown,
  >(
    image: Tensor<[B, H, W, C]>,
    kernel: GroupedKernel<C, G, KH, KW, K, D>,
    options: Exact<F, keyof Convolution> & Convolution<G, S, P, L>,
  ): Tensor<[B, Convolved<H, KH, S, P, L, 0>, Convolved<W, KW, S, P, L, 1>, D]>;
  <
    KH extends Dim,
    KW extends Dim,
    C extends Dim,
    D extends Dim,
    const G extends number = 1,
    const S extends Pair = readonly [1, 1],
    const P extends GivenPadding = 'same',
    const L extends Pair = readonly [1, 1],
    F = unknown,
  >(
    kernel: Tensor<[KH, KW, C, D]>,
    options: Exact<F, keyof Convolution> & Convolution<G, S, P, L>,
  ): <B extends Dim, H extends Dim, W extends Dim>(
    image: Tensor<[B, H, W, NoInfer<Ungrouped<G, C>>]>,
  ) => Tensor<[B, Convolved<H, KH, S, P, L, 0>, Convolved<W, KW, S, P, L, 1>, D]>;
  // gives better errors for calls that match no other overload: see RecordOr
  <C extends Dim, K extends Dim, D extends Dim, T>(
    image: Tensor<[Dim, Dim, Dim, C]>,
    kernel: RecordOr<T, Exact<T, keyof Convolution> & Convolution, KernelFor<C, Dim, Dim, K, D>>,
  ): never;
} = dual('conv2d', [startsWithImage, 3], (image: AnyTensor, kernel: AnyTensor, options: Convolution = {}) =>
  convolved('conv2d', image, kernelOf('conv2d', kernel), convolution.demand<Convolution>(options)),
);

/**
 * Convolves with stride 2, which halves the size: `[B, H, W, C]` → `[B, H/2, W/2, D]`. A 3×3 kernel pads by 1 on each
 * side. Raises `ShapeError` if the size is odd.
 * @example downsample(zeros(8, 28, 28, 64), zeros(3, 3, 64, 128)) // : Tensor<[8, 14, 14, 128]>
 */
export const downsample: Dual<
  <B extends Dim, H extends Dim, W extends Dim, C extends Dim, K extends Dim, D extends Dim>(
    image: EvenImage<B, H, W, C>,
    kernel: KernelFor<C, Dim, Dim, K, D>,
  ) => Tensor<[B, OrNever<Half<H>>, OrNever<Half<W>>, D]>,
  <C extends Dim, D extends Dim>(
    kernel: Tensor<[Dim, Dim, C, D]>,
  ) => <B extends Dim, H extends Dim, W extends Dim>(
    image: EvenImage<B, H, W, NoInfer<C>>,
  ) => Tensor<[B, OrNever<Half<H>>, OrNever<Half<W>>, D]>
> = dual('downsample', 2, (image: AnyTensor, kernel: AnyTensor) => {
  requireEvenSize('downsample', nodeOf(image));
  return convolved('downsample', image, nodeOf(kernel), { strides: [2, 2] });
});

/**
 * Convolves each channel separately, padded with zeros so that the result has the same size: `[B, H, W, C]` and a
 * `kernel: [KH, KW, 1, C]` → `[B, H, W, C]`. For other strides, or several output channels for each input channel, use
 * {@link conv2d} with `groups`. Chollet 2017.
 * @example
 * depthwiseConv2d(zeros(8, 28, 28, 64), zeros(3, 3, 1, 64)) // : Tensor<[8, 28, 28, 64]>
 * pipe(ones(1, 1, 1, 2), depthwiseConv2d(constantOf([2, 3], 1, 1, 1, 2)), reshape(2)) // → [2, 3]
 */
export const depthwiseConv2d: Dual<
  <B extends Dim, H extends Dim, W extends Dim, C extends Dim, K extends Dim>(
    image: Tensor<[B, H, W, C]>,
    kernel: Fits<
      K,
      C,
      Tensor<[Dim, Dim, 1, K]>,
      ExtentMismatch<C, K, 'axis 3 of the kernel', 'the channels of the image'>
    >,
  ) => Tensor<[B, H, W, C]>,
  <C extends Dim>(
    kernel: Tensor<[Dim, Dim, 1, C]>,
  ) => <B extends Dim, H extends Dim, W extends Dim>(image: Tensor<[B, H, W, NoInfer<C>]>) => Tensor<[B, H, W, C]>
> = dual('depthwiseConv2d', 2, (image: AnyTensor, kernel: AnyTensor) =>
  convolved('depthwiseConv2d', image, nodeOf(kernel), { groups: nodeOf(kernel).shape[3]! }),
);
