/** Halving and doubling of images by a fixed filter, without parameters. */
import {
  averagePool,
  constantOf,
  conv2d,
  convTranspose2d,
  type Dim,
  dims,
  type Double,
  type Half,
  type Tensor,
  upsample,
} from '../../dsl/index.js';
import type { OrNever } from '../../dsl/types/dim.js';
import { hinted, oneOf } from '../../internal/decode.js';
import { sumOf } from '../../internal/numbers.js';

/** The filter of a resampling: the mean of 2×2 pixels, or the binomial weights [1, 3, 3, 1] along each axis. */
export type Filter = 'box' | 'binomial';

/** The filter of a resampling. */
export const filter = hinted(oneOf('box', 'binomial'), "'box' is usual, 'binomial' is the filter of NCSN++");

/** The weights of each filter along an axis, up to their sum. */
export const FILTER_TAPS: Readonly<Record<Filter, readonly number[]>> = { box: [1, 1], binomial: [1, 3, 3, 1] };

/** The padding that centres a filter on its 2×2 pixels. */
export const reachOf = (filter: Filter): number => FILTER_TAPS[filter].length / 2 - 1;

/** The outer product of the weights, with the sum `gain`, for each channel: `[K, K, 1, C]`. */
const kernelOf = <C extends Dim>(filter: Filter, channels: C, gain: number): Tensor<[Dim, Dim, 1, C]> => {
  const f = FILTER_TAPS[filter];
  const total = sumOf(f) ** 2;
  const C = channels as number; // programs are traced with numbers
  const weights = f.flatMap((a) => f.flatMap((b) => Array.from({ length: C }, () => (gain * a * b) / total)));
  return constantOf(weights, f.length, f.length, 1, C) as Tensor<[Dim, Dim, 1, Dim]> as Tensor<[Dim, Dim, 1, C]>;
};

const optionsOf = (channels: Dim, padding: number) => {
  const around = [padding, padding] as const;
  // programs are traced with numbers
  return { strides: [2, 2], padding: [around, around], groups: channels as number } as const;
};

/** Every second pixel of filtered images, `[B, H, W, C]` → `[B, H', W', C]`, with zeros around them. */
export const filtered = <B extends Dim, C extends Dim>(
  x: Tensor<[B, Dim, Dim, C]>,
  filter: Filter,
  padding: number,
): Tensor<[B, Dim, Dim, C]> => {
  const C = dims(x)[3];
  const images: Tensor<[B, Dim, Dim, Dim]> = x;
  return conv2d(images, kernelOf(filter, C, 1) as Tensor<[Dim, Dim, Dim, C]>, optionsOf(C, padding));
};

/** Halves the size: `[B, H, W, C]` → `[B, H/2, W/2, C]`. Raises `ShapeError` if the size is odd. */
export const halved = <B extends Dim, H extends Dim, W extends Dim, C extends Dim>(
  x: Tensor<[B, H, W, C]>,
  filter: Filter,
): Tensor<[B, OrNever<Half<H>>, OrNever<Half<W>>, C]> =>
  filter === 'box' ? averagePool(x) : (filtered<B, C>(x, filter, reachOf(filter)) as never); // of half the size

/** Doubles the size: `[B, H, W, C]` → `[B, 2·H, 2·W, C]`. */
export const doubled = <B extends Dim, H extends Dim, W extends Dim, C extends Dim>(
  x: Tensor<[B, H, W, C]>,
  filter: Filter,
): Tensor<[B, Double<H>, Double<W>, C]> => {
  if (filter === 'box') return upsample(x); // the nearest pixel
  const C = dims(x)[3];
  const images: Tensor<[Dim, Dim, Dim, Dim]> = x;
  return convTranspose2d(images, kernelOf(filter, C, 4), optionsOf(C, reachOf(filter))) as never; // of twice the size
};
