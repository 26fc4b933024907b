import { addBias, conv2d, type Dim, type Extent, type Tensor } from '../../dsl/index.js';
import { allZeros, fanInUniform, type Initializer } from './initializers.js';
import { type Channels, type Layer, namedLayer, parameterOf } from './layer.js';
import { countFields, isCount, requirement } from '../requirement.js';

/** The parameters of a convolution. */
export interface ConvParams<C extends Dim, D extends Dim> {
  /** `[KH, KW, C, D]` */
  readonly kernel: Tensor<[Dim, Dim, C, D]>;
  readonly bias: Tensor<[D]>;
}

/** A convolution that keeps the size of the image, `[B, H, W, C]` → `[B, H, W, D]`. */
export type ConvLayer<C extends Dim, D extends Dim> = Layer<
  ConvParams<C, D>,
  <B extends Dim, H extends Dim, W extends Dim>(x: Tensor<[B, H, W, NoInfer<C>]>) => Tensor<[B, H, W, D]>
>;

interface ConvConfig<C, D> {
  readonly inputs: Extent<C>;
  readonly outputs: Extent<D>;
  /** The height and width of the kernel; default 3. */
  readonly size?: number;
  /** Of the kernel; default: uniform with variance 1/(size²·inputs). */
  readonly initializer?: Initializer;
}

const fields = countFields('convLayer', { inputs: 'a number of channels', outputs: 'a number of channels' }, [
  'size',
  'initializer',
]);

const requireSize = requirement('the height and width of the kernel, an integer ≥ 0', isCount, '3 is usual');

/** The parameters of a convolution: `kernel: [size, size, inputs, outputs]` and `bias: [outputs]`. */
export const convParts = <const C extends number, const D extends number>({
  inputs,
  outputs,
  size = 3,
  initializer = fanInUniform(),
}: ConvConfig<C, D>) => ({
  kernel: parameterOf<[Dim, Dim, Channels<C>, Channels<D>]>(initializer, size, size, inputs, outputs),
  bias: parameterOf<[Channels<D>]>(allZeros, outputs),
});

/**
 * A convolution of stride 1, padded with zeros so that the size stays: `[B, H, W, inputs]` → `[B, H, W, outputs]`. The bias
 * starts at zero.
 * @example
 * const { apply } = convLayer({ inputs: 1, outputs: 64 })
 * const params = { kernel: ones(3, 3, 1, 64), bias: zeros(64) }
 * pipe(zeros(8, 28, 28, 1), apply(params)) // : Tensor<[8, 28, 28, 64]>
 */
export const convLayer = <const C extends number, const D extends number>(
  config: ConvConfig<C, D>,
): ConvLayer<Channels<C>, Channels<D>> => {
  fields(config);
  if (config.size !== undefined) requireSize('convLayer.size', config.size);
  return namedLayer(
    'convLayer',
    convParts<C, D>(config),
    ({ kernel, bias }) =>
      (x) =>
        addBias(conv2d(x, kernel), bias),
  );
};
