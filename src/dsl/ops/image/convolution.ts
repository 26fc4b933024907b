/** Convolutions of images `[B, H, W, C]` with kernels `[KH, KW, C, D]`. */
import type { Checked, Fits, NotMultiple, Odd } from '../../types/checked.js';
import type { Convolved, GivenPadding, Pair, Transposed } from '../../types/convolved.js';
import { type Half, isExtent, type OrNever } from '../../types/dim.js';
import type { ExtentMismatch } from '../../types/mismatch.js';
import type { Product, Quotient } from '../../types/product.js';
import { dual, type OneError } from '../../../internal/dual.js';
import type { Exact } from '../../../internal/exact.js';
import { named, raise, refuseShape, showShape } from '../../../internal/errors.js';
import type { ConvAttributes, Node } from '../../graph/node.js';
import { conv2d as conv2dNode, dilated, flip, fourOf, reshape, transpose } from '../../primitives/index.js';
import { exactTuple, numberOf, oneOf } from '../../../internal/decode.js';
import { t } from '../../../internal/fp.js';
import { optional, schema } from '../../../internal/schema.js';
import { type AnyTensor, type Dim, isOperand, nodeOf, type Tensor, tensor } from '../../graph/tensor.js';
import { described, isRecord, type RecordOr } from '../operand.js';

export type { GivenPadding, Pair } from '../../types/convolved.js';
type Padding = ConvAttributes['padding'];

/** The four counts of a padding. For `same` and a window of even extent, the extra pixel is at the end. */
export const paddingOf = (given: GivenPadding, [height, width]: Pair, [dilateH, dilateW]: Pair = [1, 1]): Padding => {
  if (given === 'valid') return [[0, 0], [0, 0]]; // prettier-ignore
  if (given !== 'same') return given;
  const around = (extent: number, dilation: number): Pair => {
    const all = dilated(extent, dilation) - 1;
    return [Math.floor(all / 2), Math.ceil(all / 2)];
  };
  return [around(height, dilateH), around(width, dilateW)];
};

const sizeOfKernel = (kernel: Node): Pair => [kernel.shape[0]!, kernel.shape[1]!];

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
type Ungrouped<G extends number, C extends Dim> = [G] extends [1] ? C : number extends G ? Dim : Product<[C, G]> & Dim;

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
const startsWithImage = (args: readonly unknown[]): boolean =>
  args.length > 2 || (args.length === 2 && !isRecord(args[1]));

const kernelOf = (op: string, kernel: AnyTensor): Node =>
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

/** Two numbers, for the height and the width. */
export const pair = (name: string) => exactTuple([t.number, t.number], name);

const counts = pair('[before, after]');
/** A padding: by name, or the counts of both axes. */
export const paddingOption: t.Type<GivenPadding> = t.union(
  [oneOf('same', 'valid'), exactTuple([counts, counts], '[[top, bottom], [left, right]]')],
  "'same', 'valid' or [[top, bottom], [left, right]]",
);

const convolutionFields = {
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

/** An image of even height and width, or an error message. */
export type EvenImage<B extends Dim, H extends Dim, W extends Dim, C extends Dim> = Checked<
  Tensor<[B, H, W, C]>,
  H,
  Odd<H, 'height'> | Odd<W, 'width'>,
  W
>;

export const requireEvenSize = (op: string, { shape }: Node): void => {
  const hint = 'pad the image, or choose a size that is divisible by a power of 2';
  if (shape[1]! % 2 !== 0 || shape[2]! % 2 !== 0) refuseShape(op, 'an even height and width', shape, hint);
};

/**
 * Convolves with stride 2, which halves the size: `[B, H, W, C]` → `[B, H/2, W/2, D]`. A 3×3 kernel pads by 1 on each
 * side. Raises `ShapeError` if the size is odd.
 * @example downsample(zeros(8, 28, 28, 64), zeros(3, 3, 64, 128)) // : Tensor<[8, 14, 14, 128]>
 */
export const downsample: {
  <C extends Dim, D extends Dim>(
    kernel: Tensor<[Dim, Dim, C, D]>,
  ): <B extends Dim, H extends Dim, W extends Dim>(
    image: EvenImage<B, H, W, NoInfer<C>>,
  ) => Tensor<[B, OrNever<Half<H>>, OrNever<Half<W>>, D]>;
  <B extends Dim, H extends Dim, W extends Dim, C extends Dim, K extends Dim, D extends Dim>(
    image: EvenImage<B, H, W, C>,
    kernel: KernelFor<C, Dim, Dim, K, D>,
  ): Tensor<[B, OrNever<Half<H>>, OrNever<Half<W>>, D]>;
} = dual('downsample', 2, (image: AnyTensor, kernel: AnyTensor) => {
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
export const depthwiseConv2d: {
  <C extends Dim>(
    kernel: Tensor<[Dim, Dim, 1, C]>,
  ): <B extends Dim, H extends Dim, W extends Dim>(image: Tensor<[B, H, W, NoInfer<C>]>) => Tensor<[B, H, W, C]>;
  <B extends Dim, H extends Dim, W extends Dim, C extends Dim, K extends Dim>(
    image: Tensor<[B, H, W, C]>,
    kernel: Fits<
      K,
      C,
      Tensor<[Dim, Dim, 1, K]>,
      ExtentMismatch<C, K, 'axis 3 of the kernel', 'the channels of the image'>
    >,
  ): Tensor<[B, H, W, C]>;
} = dual('depthwiseConv2d', 2, (image: AnyTensor, kernel: AnyTensor) =>
  convolved('depthwiseConv2d', image, nodeOf(kernel), { groups: nodeOf(kernel).shape[3]! }),
);

/** The options of a transposed convolution: see {@link Convolution}. */
export interface TransposedConvolution<
  G extends number = number,
  S extends Pair = Pair,
  P extends GivenPadding = GivenPadding,
  L extends Pair = Pair,
  O extends Pair = Pair,
> extends Convolution<G, S, P, L> {
  /** `same` multiplies the size by the strides (the default); otherwise the padding of the convolution. */
  readonly padding?: P;
  /** Extra pixels at the bottom and on the right, fewer than the stride; default 0. `same` sets its own. */
  readonly outputPadding?: O;
  /** Input and output channels in independent groups; the kernel is `[KH, KW, D/groups, C]`. */
  readonly groups?: G;
}

/** Exchanges the input and output channels of a kernel within each group. */
const exchanged = (kernel: Node, groups: number): Node => {
  const [KH, KW, D, C] = fourOf(kernel);
  const grouped = transpose(reshape(kernel, [KH, KW, D, groups, C / groups]), [0, 1, 4, 3, 2]);
  return reshape(grouped, [KH, KW, C / groups, groups * D]);
};

const checkKernel = ({ shape }: Node, groups: number): void => {
  if (shape.length !== 4 || !isExtent(groups) || groups < 1 || shape[3]! % groups !== 0)
    raise('ShapeError', {
      where: 'convTranspose2d',
      expected: 'a kernel [KH, KW, D/groups, C], and a number of groups that divides C',
      actual: `${showShape(shape)} in ${groups} groups`,
      hint: 'the kernel has the layout of the conv2d kernel that maps D channels to C',
    });
};

const transposedConvolution = schema('convTranspose2d', {
  ...convolutionFields,
  outputPadding: optional(pair('[height, width]'), [0, 0]),
});

/**
 * Transposed convolution of images `[B, H, W, C]` with a `kernel: [KH, KW, D, C]` → `[B, H', W', D]`: the transpose of
 * the convolution from D channels to C. Except for `same` padding,
 * H' = `(H − 1)·stride − padding + dilation·(KH − 1) + 1 + outputPadding`, as in PyTorch. Raises `ShapeError` if the channels do not fit the kernel or the groups, and
 * `ConfigError` if the output padding is not less than the stride. Zeiler et al. 2010.
 * @example
 * const x = zeros(8, 7, 7, 64)
 * dims(convTranspose2d(x, zeros(4, 4, 32, 64), { strides: [2, 2] })) // → [8, 14, 14, 32]
 * dims(convTranspose2d(x, zeros(3, 3, 32, 64), { strides: [2, 2], padding: 'valid' })) // → [8, 15, 15, 32]
 * dims(convTranspose2d(x, zeros(4, 4, 8, 64), { strides: [2, 2], groups: 4 })) // → [8, 14, 14, 32]
 * const spread = convTranspose2d(constantOf([1, 10], 1, 2, 1, 1), { strides: [1, 2] })
 * pipe(constantOf([1, 2], 1, 1, 2, 1), spread, reshape(4)) // → [1, 10, 2, 20]
 */
export const convTranspose2d: OneError<[image: AnyTensor, kernel: AnyTensor, options?: TransposedConvolution]> & {
  <
    KH extends Dim,
    KW extends Dim,
    C extends Dim,
    D extends Dim,
    const G extends number = 1,
    const S extends Pair = readonly [1, 1],
    const P extends GivenPadding = 'same',
    const L extends Pair = readonly [1, 1],
    const O extends Pair = readonly [0, 0],
    F = unknown,
  >(
    kernel: Tensor<[KH, KW, D, C]>,
    ...options:
      readonly [] | readonly [options: Exact<F, keyof TransposedConvolution> & TransposedConvolution<G, S, P, L, O>] // refuses `undefined`
  ): <B extends Dim, H extends Dim, W extends Dim>(
    image: Tensor<[B, H, W, NoInfer<C>]>,
  ) => Tensor<[B, Transposed<H, KH, S, P, L, O, 0>, Transposed<W, KW, S, P, L, O, 1>, Ungrouped<G, D>]>;
  <
    B extends Dim,
    H extends Dim,
    W extends Dim,
    C extends Dim,
    KH extends Dim,
    KW extends Dim,
    D extends Dim,
    const G extends number = 1,
    const S extends Pair = readonly [1, 1],
    const P extends GivenPadding = 'same',
    const L extends Pair = readonly [1, 1],
    const O extends Pair = readonly [0, 0],
    F = unknown,
  >(
    image: Tensor<[B, H, W, C]>,
    kernel: Tensor<[KH, KW, D, NoInfer<C>]>,
    options?: Exact<F, keyof TransposedConvolution> & TransposedConvolution<G, S, P, L, O>,
  ): Tensor<[B, Transposed<H, KH, S, P, L, O, 0>, Transposed<W, KW, S, P, L, O, 1>, Ungrouped<G, D>]>;
  <C extends Dim, D extends Dim, K>(
    image: Tensor<[Dim, Dim, Dim, C]>,
    kernel: RecordOr<
      K,
      Exact<K, keyof TransposedConvolution> & TransposedConvolution,
      Tensor<[Dim, Dim, D, NoInfer<C>]>
    >,
  ): never;
} = dual(
  'convTranspose2d',
  [startsWithImage, 3],
  (image: AnyTensor, kernel: AnyTensor, options?: TransposedConvolution) => {
    const { strides, padding, dilation, groups, outputPadding } =
      transposedConvolution.demand<TransposedConvolution>(options);
    const more = padding === 'same' ? ([strides[0] - 1, strides[1] - 1] as const) : outputPadding;
    if (!more.every((count, axis) => isExtent(count) && count < strides[axis]!))
      raise('ConfigError', {
        where: 'convTranspose2d',
        expected: `an output padding of 0 to less than the strides ${showShape(strides)}`,
        actual: showShape(more),
        hint: 'it selects one of the image sizes that the convolution maps to the same size',
      });
    const n = kernelOf('convTranspose2d', kernel);
    checkKernel(n, groups);
    const outer = paddingOf(padding, sizeOfKernel(n), dilation);
    const around = (axis: 0 | 1): Pair => {
      const reach = dilated(n.shape[axis]!, dilation[axis]) - 1;
      return [reach - outer[axis][0], reach - outer[axis][1] + more[axis]];
    };
    const attributes = {
      padding: [around(0), around(1)],
      lhsDilation: strides,
      rhsDilation: dilation,
      groups,
    } as const;
    const turned = exchanged(flip(n, [0, 1]), groups);
    return tensor(named('convTranspose2d', () => conv2dNode(nodeOf(image), turned, attributes)));
  },
);
