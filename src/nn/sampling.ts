/** Layers that change the resolution. */
import {
  addBias,
  conv2d,
  type Dim,
  type Double,
  downsample,
  type Extent,
  type Half,
  type Tensor,
  upsample,
  type Wide,
} from '../dsl/index.js';
import { type ConvParams, convParams } from './conv.js';
import type { TrainableLayer } from './layer.js';
import { namedFields } from '../dsl/options.js';

interface SamplingConfig<C> {
  readonly channels: Extent<C>;
}

/** `[B, H, W, C]` → `[B, H/2, W/2, C]` */
export type DownsampleLayer<C extends Dim> = TrainableLayer<
  ConvParams<C, C>,
  <B extends Dim, H extends Dim, W extends Dim>(
    x: Tensor<[B, H, W, NoInfer<C>]>,
  ) => Tensor<[B, Half<H>, Half<W>, C]>
>;

const paramsOf = <const C extends number>(where: string, config: SamplingConfig<C>) => {
  const { channels } = namedFields(where, { channels: 'a number of channels' })(config);
  return convParams<C, C>({ inputs: channels, outputs: channels });
};

/**
 * Half the size, by a 3×3 convolution of stride 2, padded by 1 on each side (as guided-diffusion pads).
 * Raises `ShapeError` where the size is odd.
 *
 * @example
 * const layer = downsampleLayer({ channels: 64 })
 * const params = { kernel: ones(3, 3, 64, 64), bias: zeros(64) }
 * pipe(zeros(8, 28, 28, 64), layer.apply(params)) // : Tensor<[8, 14, 14, 64]>
 */
export const downsampleLayer = <const C extends number>(
  config: SamplingConfig<C>,
): DownsampleLayer<Wide<C> & Dim> => ({
  ...paramsOf<C>('downsampleLayer', config),
  apply:
    ({ kernel, bias }) =>
    (x) =>
      addBias(bias)(downsample(kernel)(x)),
});

/** `[B, H, W, C]` → `[B, 2*H, 2*W, C]` */
export type UpsampleLayer<C extends Dim> = TrainableLayer<
  ConvParams<C, C>,
  <B extends Dim, H extends Dim, W extends Dim>(
    x: Tensor<[B, H, W, NoInfer<C>]>,
  ) => Tensor<[B, Double<H>, Double<W>, C]>
>;

/**
 * Twice the size by the nearest neighbour, then a 3×3 convolution.
 *
 * @example
 * const layer = upsampleLayer({ channels: 64 })
 * const params = { kernel: ones(3, 3, 64, 64), bias: zeros(64) }
 * pipe(zeros(8, 14, 14, 64), layer.apply(params)) // : Tensor<[8, 28, 28, 64]>
 */
export const upsampleLayer = <const C extends number>(
  config: SamplingConfig<C>,
): UpsampleLayer<Wide<C> & Dim> => ({
  ...paramsOf<C>('upsampleLayer', config),
  apply:
    ({ kernel, bias }) =>
    (x) =>
      addBias(bias)(conv2d(kernel)(upsample(x))),
});
