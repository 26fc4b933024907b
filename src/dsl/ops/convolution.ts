/** Convolutions of images `[B, H, W, C]` with kernels `[KH, KW, C, D]`, and changes of resolution. */
import type { Double, Half } from '../dim.js';
import { named, raise, showShape } from '../errors.js';
import type { Node } from '../node.js';
import { broadcast, conv2d as conv2dNode, reduce, reshape, scale } from '../primitives/index.js';
import { type Dim, nodeOf, type Tensor, tensor } from '../tensor.js';
import { type GivenPadding, type Padding, paddingOf, type Pair } from './padding.js';
import { namedFields } from '../options.js';

const sizeOfKernel = (kernel: Node): Pair => [kernel.shape[0]!, kernel.shape[1]!];
const samePadding = (kernel: Node): Padding => paddingOf('same', sizeOfKernel(kernel));

/**
 * Convolves an image, padded with zeros so that its size stays: `kernel: [KH, KW, C, D]`, `[B, H, W, C]` →
 * `[B, H, W, D]`. The kernel is not flipped (a cross-correlation).
 *
 * @example
 * pipe(zeros(8, 28, 28, 1), conv2d(zeros(3, 3, 1, 64))) // : Tensor<[8, 28, 28, 64]>
 * pipe(ones(1, 3, 3, 1), conv2d(ones(3, 3, 1, 1)), reshape(3, 3)) // → [[4, 6, 4], [6, 9, 6], [4, 6, 4]]
 */
export const conv2d =
  <C extends Dim, D extends Dim>(kernel: Tensor<[Dim, Dim, C, D]>) =>
  <B extends Dim, H extends Dim, W extends Dim>(image: Tensor<[B, H, W, NoInfer<C>]>): Tensor<[B, H, W, D]> =>
    tensor(conv2dNode(nodeOf(image), nodeOf(kernel), { padding: samePadding(nodeOf(kernel)) }));

export const evenSize = (op: string, { shape }: Node): void => {
  if (shape[1]! % 2 !== 0 || shape[2]! % 2 !== 0)
    raise('ShapeError', {
      where: op,
      expected: 'an even height and width',
      actual: showShape(shape),
      hint: 'pad the image, or choose a size that can be halved so often',
    });
};

/**
 * Convolves with stride 2: half the size. A 3×3 kernel pads by 1 on each side. Raises `ShapeError` where the
 * size is odd.
 *
 * @example
 * pipe(zeros(8, 28, 28, 64), downsample(zeros(3, 3, 64, 128))) // : Tensor<[8, 14, 14, 128]>
 */
export const downsample =
  <C extends Dim, D extends Dim>(kernel: Tensor<[Dim, Dim, C, D]>) =>
  <B extends Dim, H extends Dim, W extends Dim>(
    image: Tensor<[B, H, W, NoInfer<C>]>,
  ): Tensor<[B, Half<H>, Half<W>, D]> => {
    evenSize('downsample', nodeOf(image));
    const padding = samePadding(nodeOf(kernel));
    return tensor(
      named('downsample', () => conv2dNode(nodeOf(image), nodeOf(kernel), { strides: [2, 2], padding })),
    );
  };

/**
 * Convolves each channel by itself, padded with zeros so that the size stays: `kernel: [KH, KW, 1, C]`, `[B,
 * H, W, C]` → `[B, H, W, C]`. With another stride or several channels out of one it is {@link convolution} in
 * groups. Chollet 2017.
 *
 * @example
 * pipe(zeros(8, 28, 28, 64), depthwiseConv2d(zeros(3, 3, 1, 64))) // : Tensor<[8, 28, 28, 64]>
 * pipe(ones(1, 1, 1, 2), depthwiseConv2d(constantOf([2, 3], 1, 1, 1, 2)), reshape(2)) // → [2, 3]
 */
export const depthwiseConv2d =
  <C extends Dim>(kernel: Tensor<[Dim, Dim, 1, C]>) =>
  <B extends Dim, H extends Dim, W extends Dim>(
    image: Tensor<[B, H, W, NoInfer<C>]>,
  ): Tensor<[B, H, W, C]> => {
    const n = nodeOf(kernel);
    return tensor(
      named('depthwiseConv2d', () =>
        conv2dNode(nodeOf(image), n, { padding: samePadding(n), groups: n.shape[3]! }),
      ),
    );
  };

/** What may be said of a convolution in `G` groups. */
export interface Convolution<G extends number = number> {
  /** Along the height and the width; 1 if not given. */
  readonly strides?: Pair;
  /** `same` keeps the size at stride 1 (the default), `valid` does not pad; or the four counts. */
  readonly padding?: GivenPadding;
  /** The distance between neighbours under the kernel; 1 if not given. */
  readonly dilation?: Pair;
  /**
   * Input and output channels in groups that do not see each other; the kernel is `[KH, KW, C/groups, D]`.
   */
  readonly groups?: G;
}

/** `C`, which only without groups is all channels. */
export type Grouped<G extends number, C extends Dim> = [G] extends [1] ? C : Dim;

const fields = namedFields('convolution', {}, ['strides', 'padding', 'dilation', 'groups']);

/**
 * A convolution with any stride, padding, dilation and grouping: `[B, H, W, C]` → `[B, H', W', D]`, where the
 * size of the result is wide, as C is in groups. Raises `ShapeError` where the channels do not fit the kernel.
 *
 * @example
 * const patchify = convolution(zeros(4, 4, 1, 32), { strides: [4, 4], padding: 'valid' })
 * dims(patchify(zeros(8, 28, 28, 1))) // → [8, 7, 7, 32]
 * const depthwise = convolution(zeros(3, 3, 1, 64), { groups: 64 })
 * depthwise(zeros(8, 28, 28, 64)) // : Tensor<[8, Dim, Dim, 64]>
 */
export const convolution =
  <C extends Dim, D extends Dim, const G extends number = 1>(
    kernel: Tensor<[Dim, Dim, C, D]>,
    given: Convolution<G> = {},
  ) =>
  <B extends Dim>(image: Tensor<[B, Dim, Dim, NoInfer<Grouped<G, C>>]>): Tensor<[B, Dim, Dim, D]> => {
    const { strides = [1, 1], padding = 'same', dilation = [1, 1], groups = 1 } = fields(given);
    const around = paddingOf(padding, sizeOfKernel(nodeOf(kernel)), dilation);
    return tensor(
      named('convolution', () =>
        conv2dNode(nodeOf(image), nodeOf(kernel), {
          strides,
          padding: around,
          rhsDilation: dilation,
          groups,
        }),
      ),
    );
  };

/**
 * Twice the size, by the nearest neighbour: `[B, H, W, C]` → `[B, 2H, 2W, C]`.
 *
 * @example
 * pipe(zeros(8, 14, 14, 64), upsample) // : Tensor<[8, 28, 28, 64]>
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
 * Half the size, by the mean of each 2×2 square: `[B, H, W, C]` → `[B, H/2, W/2, C]`. Raises `ShapeError`
 * where the size is odd.
 *
 * @example
 * pipe(zeros(8, 28, 28, 64), averagePool) // : Tensor<[8, 14, 14, 64]>
 * pipe(constantOf([1, 2, 3, 6], 1, 2, 2, 1), averagePool, reshape(1)) // → [3]
 */
export const averagePool = <B extends Dim, H extends Dim, W extends Dim, C extends Dim>(
  image: Tensor<[B, H, W, C]>,
): Tensor<[B, Half<H>, Half<W>, C]> => {
  const n = nodeOf(image);
  evenSize('averagePool', n);
  const [B, H, W, C] = n.shape as readonly [number, number, number, number]; // by its type
  return tensor(scale(reduce('sum', reshape(n, [B, H / 2, 2, W / 2, 2, C]), [2, 4]), 1 / 4));
};
