import { addBias, conv2d, type Dim, type Extent, type Tensor, type Wide } from '../dsl/index.js';
import { allZeros, fanInUniform, type Initializer } from './initializers.js';
import { collect, type TrainableLayer, parameter, type Trainable } from './layer.js';
import { namedFields } from '../dsl/options.js';

/** The parameters of a convolution. */
export interface ConvParams<C extends Dim, D extends Dim> {
  /** `[KH, KW, C, D]` */
  readonly kernel: Tensor<[Dim, Dim, C, D]>;
  readonly bias: Tensor<[D]>;
}

/** A convolution that keeps the size of the image, `[B, H, W, C]` → `[B, H, W, D]`. */
export type ConvLayer<C extends Dim, D extends Dim> = TrainableLayer<
  ConvParams<C, D>,
  <B extends Dim, H extends Dim, W extends Dim>(x: Tensor<[B, H, W, NoInfer<C>]>) => Tensor<[B, H, W, D]>
>;

interface ConvConfig<C, D> {
  readonly inputs: Extent<C>;
  readonly outputs: Extent<D>;
  /** The height and width of the kernel, 3 if not given. */
  readonly size?: number;
  /** Of the kernel; uniform with variance 1 / (size²·inputs), if not given. */
  readonly initializer?: Initializer;
}

/** The parameters of a convolution, `kernel: [size, size, inputs, outputs]`. */
export const convParams = <const C extends number, const D extends number>({
  inputs,
  outputs,
  size = 3,
  initializer = fanInUniform(),
}: ConvConfig<C, D>): Trainable<ConvParams<Wide<C> & Dim, Wide<D> & Dim>> =>
  // the same shapes, which the compiler does not compare while C and D are open
  collect({
    kernel: parameter(initializer, size, size, inputs, outputs),
    bias: parameter(allZeros, outputs),
  }) as Trainable<ConvParams<Wide<C> & Dim, Wide<D> & Dim>>;

const fields = namedFields('convLayer', { inputs: 'a number of channels', outputs: 'a number of channels' }, [
  'size',
  'initializer',
]);

/**
 * A convolution of stride 1, padded with zeros so that the size stays; the bias begins at zero.
 *
 * @example
 * const layer = convLayer({ inputs: 1, outputs: 64 })
 * const params = { kernel: ones(3, 3, 1, 64), bias: zeros(64) }
 * pipe(zeros(8, 28, 28, 1), layer.apply(params)) // : Tensor<[8, 28, 28, 64]>
 */
export const convLayer = <const C extends number, const D extends number>(
  config: ConvConfig<C, D>,
): ConvLayer<Wide<C> & Dim, Wide<D> & Dim> => ({
  ...convParams<C, D>(fields(config)),
  apply:
    ({ kernel, bias }) =>
    (x) =>
      addBias(bias)(conv2d(kernel)(x)),
});
