/** Transposed convolutions of images `[B, H, W, C]` with kernels `[KH, KW, D, C]`. */
import type { GivenPadding, Pair, Transposed } from '../../types/convolved.js';
import { isExtent } from '../../types/dim.js';
import { dual, type OneError } from '../../../internal/dual.js';
import type { Exact } from '../../../internal/exact.js';
import { named, raise, showShape } from '../../../internal/errors.js';
import { optional, schema } from '../../../internal/schema.js';
import { extentAt, type Node } from '../../graph/node.js';
import { type AnyTensor, type Dim, nodeOf, type Tensor, tensor } from '../../graph/tensor.js';
import { conv2d as conv2dNode, dilated, flip, fourOf, reshape, transpose } from '../../primitives/index.js';
import type { RecordOr } from '../operand.js';
import {
  type Convolution,
  convolutionFields,
  kernelOf,
  sizeOfKernel,
  startsWithImage,
  type Ungrouped,
} from './convolution.js';
import { paddingOf, pair } from './windows.js';

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
      | readonly []
      | readonly [options: Exact<F, keyof TransposedConvolution> & TransposedConvolution<G, S, P, L, O>] // rejects `undefined`
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
        hint: 'the output padding selects one of the image sizes that the convolution maps to the same size',
      });
    const n = kernelOf('convTranspose2d', kernel);
    checkKernel(n, groups);
    const outer = paddingOf(padding, sizeOfKernel(n), dilation);
    const around = (axis: 0 | 1): Pair => {
      const reach = dilated(extentAt(n, axis), dilation[axis]) - 1;
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
