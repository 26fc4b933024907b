import { dual, type OneError } from '../../dual.js';
import { named, raise, showShape } from '../../errors.js';
import { isExtent } from '../../types/extent.js';
import type { Node } from '../../graph/node.js';
import { conv2d, dilated, flip, reshape, transpose } from '../../primitives/index.js';
import { namedFields } from '../../options.js';
import { type AnyTensor, type Dim, nodeOf, type Tensor, tensor } from '../../graph/tensor.js';
import { type Grouped, kernelOf, startsWithImage } from './convolution.js';
import { type GivenPadding, paddingOf, type Pair } from './padding.js';

/** The options of a transposed convolution in `G` groups. */
export interface TransposedConvolution<G extends number = number> {
  /** Along the height and the width; default 1. */
  readonly strides?: Pair;
  /** `same` multiplies the size by the strides (the default); otherwise the padding of the convolution. */
  readonly padding?: GivenPadding;
  /** The distance between neighbouring elements of the kernel, in pixels; default 1. */
  readonly dilation?: Pair;
  /** Extra pixels at the bottom and on the right, fewer than the stride; default 0. `same` sets its own. */
  readonly outputPadding?: Pair;
  /** Input and output channels in independent groups; the kernel is `[KH, KW, D/groups, C]`. */
  readonly groups?: G;
}

/** Exchanges the input and output channels of a kernel within each group. */
const exchanged = (kernel: Node, groups: number): Node => {
  const [KH, KW, D, C] = kernel.shape as readonly [number, number, number, number]; // of rank 4
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

const fields = namedFields('convTranspose2d', {}, ['strides', 'padding', 'dilation', 'outputPadding', 'groups']); // prettier-ignore

/** See {@link convTranspose2d}. */
type ConvTranspose2d = OneError & {
  <C extends Dim, D extends Dim, const G extends number = 1>(
    kernel: Tensor<[Dim, Dim, D, C]>,
    options?: TransposedConvolution<G>,
  ): <B extends Dim>(image: Tensor<[B, Dim, Dim, NoInfer<C>]>) => Tensor<[B, Dim, Dim, Grouped<G, D>]>;
  <B extends Dim, C extends Dim, D extends Dim, const G extends number = 1>(
    image: Tensor<[B, Dim, Dim, C]>,
    kernel: Tensor<[Dim, Dim, D, NoInfer<C>]>,
    options?: TransposedConvolution<G>,
  ): Tensor<[B, Dim, Dim, Grouped<G, D>]>;
};

/**
 * Transposed convolution of images `[B, H, W, C]` with a `kernel: [KH, KW, D, C]` → `[B, H', W', D]`: the transpose of
 * the convolution from D channels to C. Except for `same` padding, H' = `(H − 1)·stride − padding + dilation·(KH − 1) + 1
 * + outputPadding`, as in PyTorch. Raises `ShapeError` if the channels do not fit the kernel or the groups, and
 * `ConfigError` if the output padding is not less than the stride. Zeiler et al. 2010.
 * @example
 * const x = zeros(8, 7, 7, 64)
 * dims(convTranspose2d(x, zeros(4, 4, 32, 64), { strides: [2, 2] })) // → [8, 14, 14, 32]
 * dims(convTranspose2d(x, zeros(3, 3, 32, 64), { strides: [2, 2], padding: 'valid' })) // → [8, 15, 15, 32]
 * dims(convTranspose2d(x, zeros(4, 4, 8, 64), { strides: [2, 2], groups: 4 })) // → [8, 14, 14, 32]
 * const spread = convTranspose2d(constantOf([1, 10], 1, 2, 1, 1), { strides: [1, 2] })
 * pipe(constantOf([1, 2], 1, 1, 2, 1), spread, reshape(4)) // → [1, 10, 2, 20]
 */
export const convTranspose2d: ConvTranspose2d = dual(
  'convTranspose2d',
  startsWithImage,
  (image: AnyTensor, kernel: AnyTensor, options: TransposedConvolution = {}) => {
    const { strides = [1, 1], padding = 'same', dilation = [1, 1], groups = 1 } = fields(options);
    const more = padding === 'same' ? ([strides[0] - 1, strides[1] - 1] as const) : (options.outputPadding ?? [0, 0]);
    if (!more.every((count, axis) => isExtent(count) && count < strides[axis]!))
      raise('ConfigError', {
        where: 'convTranspose2d',
        expected: `an output padding of 0 to less than the strides ${showShape(strides)}`,
        actual: showShape(more),
        hint: 'it selects one of the image sizes that the convolution maps to the same size',
      });
    const n = kernelOf('convTranspose2d', kernel);
    checkKernel(n, groups);
    const size = [n.shape[0]!, n.shape[1]!] as const;
    const outer = paddingOf(padding, size, dilation);
    const around = (axis: 0 | 1): Pair => {
      const reach = dilated(size[axis], dilation[axis]) - 1;
      const [low, high] = outer[axis];
      return [reach - low, reach - high + more[axis]];
    };
    const turned = exchanged(flip(n, [0, 1]), groups);
    return tensor(
      named('convTranspose2d', () =>
        conv2d(nodeOf(image), turned, {
          padding: [around(0), around(1)],
          lhsDilation: strides,
          rhsDilation: dilation,
          groups,
        }),
      ),
    );
  },
  3,
);
