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
} from '../../dsl/index.js';
import { type ConvParams, convParts } from './conv.js';
import { type Channels, type Layer, namedLayer } from './layer.js';
import { countFields } from '../requirement.js';

interface SamplingConfig<C> {
  readonly channels: Extent<C>;
}

const parts = <const C extends number>(where: string, config: SamplingConfig<C>) => {
  const { channels } = countFields(where, { channels: 'a number of channels' })(config);
  return convParts<C, C>({ inputs: channels, outputs: channels });
};

/** `[B, H, W, C]` → `[B, H/2, W/2, C]` */
export type DownsampleLayer<C extends Dim> = Layer<
  ConvParams<C, C>,
  <B extends Dim, H extends Dim, W extends Dim>(x: Tensor<[B, H, W, NoInfer<C>]>) => Tensor<[B, Half<H>, Half<W>, C]>
>;

/**
 * Halves the size by a 3×3 convolution of stride 2, padded by 1 on each side (as guided-diffusion pads): `[B, H, W, C]` →
 * `[B, H/2, W/2, C]`. Raises `ShapeError` if the size is odd.
 * @example
 * const { apply } = downsampleLayer({ channels: 64 })
 * const params = { kernel: ones(3, 3, 64, 64), bias: zeros(64) }
 * pipe(zeros(8, 28, 28, 64), apply(params)) // : Tensor<[8, 14, 14, 64]>
 */
export const downsampleLayer = <const C extends number>(config: SamplingConfig<C>): DownsampleLayer<Channels<C>> =>
  namedLayer(
    'downsampleLayer',
    parts<C>('downsampleLayer', config),
    ({ kernel, bias }) =>
      (x) =>
        addBias(downsample(x, kernel), bias),
  );

/** `[B, H, W, C]` → `[B, 2*H, 2*W, C]` */
export type UpsampleLayer<C extends Dim> = Layer<
  ConvParams<C, C>,
  <B extends Dim, H extends Dim, W extends Dim>(
    x: Tensor<[B, H, W, NoInfer<C>]>,
  ) => Tensor<[B, Double<H>, Double<W>, C]>
>;

/**
 * Doubles the size by repeating the nearest pixel, then a 3×3 convolution: `[B, H, W, C]` → `[B, 2*H, 2*W, C]`.
 * @example
 * const { apply } = upsampleLayer({ channels: 64 })
 * const params = { kernel: ones(3, 3, 64, 64), bias: zeros(64) }
 * pipe(zeros(8, 14, 14, 64), apply(params)) // : Tensor<[8, 28, 28, 64]>
 */
export const upsampleLayer = <const C extends number>(config: SamplingConfig<C>): UpsampleLayer<Channels<C>> =>
  namedLayer(
    'upsampleLayer',
    parts<C>('upsampleLayer', config),
    ({ kernel, bias }) =>
      (x) =>
        addBias(conv2d(upsample(x), kernel), bias),
  );
