import { raise, showShape } from '../errors.js';
import { isExtent } from '../extent.js';
import { conv2d, dilated, flip, transpose } from '../primitives/index.js';
import { type Dim, nodeOf, type Tensor, tensor } from '../tensor.js';
import { type GivenPadding, paddingOf, type Pair } from './padding.js';

/**
 * What may be said of a transposed convolution: what is said of the convolution, and which of its sizes is
 * meant.
 */
export interface TransposedConvolution {
  /** Along the height and the width; 1 if not given. */
  readonly strides?: Pair;
  /** `same` multiplies the size by the strides (the default); else what the convolution pads. */
  readonly padding?: GivenPadding;
  /** The distance between neighbours under the kernel; 1 if not given. */
  readonly dilation?: Pair;
  /** So many pixels more below and on the right, less than the stride; 0 if not given. `same` has its own. */
  readonly outputPadding?: Pair;
}

/**
 * The transpose of a convolution, which goes from its results to its images: `kernel: [KH, KW, D, C]`, as of
 * a convolution from D channels to C, `[B, H, W, C]` → `[B, H', W', D]`. Without `same` H' is `(H − 1)·stride
 * − padding + dilation·(KH − 1) + 1 + outputPadding`, as in PyTorch. Raises `ShapeError` where the channels
 * do not fit the kernel, and `ConfigError` for an output padding that is no fraction of a stride. Zeiler et
 * al. 2010.
 *
 * @example
 * const x = zeros(8, 7, 7, 64)
 * dims(convTranspose2d(zeros(4, 4, 32, 64), { strides: [2, 2] })(x)) // → [8, 14, 14, 32]
 * dims(convTranspose2d(zeros(3, 3, 32, 64), { strides: [2, 2], padding: 'valid' })(x)) // → [8, 15, 15, 32]
 * const spread = convTranspose2d(constantOf([1, 10], 1, 2, 1, 1), { strides: [1, 2] })
 * pipe(constantOf([1, 2], 1, 1, 2, 1), spread, reshape(4)) // → [1, 10, 2, 20]
 */
export const convTranspose2d =
  <C extends Dim, D extends Dim>(kernel: Tensor<[Dim, Dim, D, C]>, given: TransposedConvolution = {}) =>
  <B extends Dim>(image: Tensor<[B, Dim, Dim, NoInfer<C>]>): Tensor<[B, Dim, Dim, D]> => {
    const { strides = [1, 1], padding = 'same', dilation = [1, 1] } = given;
    const more =
      padding === 'same' ? ([strides[0] - 1, strides[1] - 1] as const) : (given.outputPadding ?? [0, 0]);
    if (!more.every((count, axis) => isExtent(count) && count < strides[axis]!))
      raise('ConfigError', {
        where: 'convTranspose2d',
        expected: `an output padding of 0 to less than the strides ${showShape(strides)}`,
        actual: showShape(more),
        hint: 'it chooses between the sizes that the convolution takes to one',
      });
    const n = nodeOf(kernel);
    const size = [n.shape[0]!, n.shape[1]!] as const;
    const outer = paddingOf(padding, size, dilation);
    const around = (axis: 0 | 1): Pair => {
      const reach = dilated(size[axis], dilation[axis]) - 1;
      const [low, high] = outer[axis];
      return [reach - low, reach - high + more[axis]];
    };
    const turned = transpose(flip(n, [0, 1]), [0, 1, 3, 2]);
    return tensor(
      conv2d(nodeOf(image), turned, {
        padding: [around(0), around(1)],
        lhsDilation: strides,
        rhsDilation: dilation,
      }),
    );
  };
