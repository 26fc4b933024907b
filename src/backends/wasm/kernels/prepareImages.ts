/** Prepares images for a convolution: copies them with padding unless they are read in place. */
import { FLOAT_BYTES, copyMatrix, fillZero } from './copy.js';
import type { KernelInstance } from './functions.js';
import type { ConvGeometry, ImageStrides } from './geometry.js';
import type { Extent } from './phases.js';
import { BLOCK_CHANNELS, copyElements, extentLength } from './source.js';
import type { Source } from './source.js';
import { range } from './tiles.js';

/** Images in memory: the byte address of pixel (0, 0) of the first image, and strides in elements. */
export interface Images {
  readonly address: number;
  readonly strides: ImageStrides;
}

/** Zeroes the scratch for the copies once. All groups use the same padding. */
export const zeroCopies = (instance: KernelInstance, source: Source, scratch: number): void => {
  if (source.layout !== 'inPlace') fillZero(instance, scratch, copyElements(source));
};

const clamp = ({ from, to }: Extent, extent: number): Extent => ({
  from: Math.max(0, from),
  to: Math.min(extent, to),
});

/** Pixels of one image to copy: `count` in each of `rows`. The addresses point at the first pixel of row 0. */
interface Pixels {
  readonly rows: Extent;
  readonly count: number;
  readonly channels: number;
  readonly from: Images;
  readonly to: Images;
}

const rowAddress = ({ address, strides }: Images, row: number) => address + FLOAT_BYTES * row * strides.row;

const copyPixels = (instance: KernelInstance, { rows, count, channels, from, to }: Pixels): void => {
  const { pixel, channel, row } = from.strides;
  const matrix = (address: number, row: number, column: number) => ({ address, row, column });
  if (pixel === channels && (channel === 1 || channels === 1))
    return copyMatrix(
      instance,
      matrix(rowAddress(to, rows.from), to.strides.row, 1),
      matrix(rowAddress(from, rows.from), row, 1),
      extentLength(rows),
      count * channels,
    );
  for (let row = rows.from; row < rows.to; row += 1)
    copyMatrix(
      instance,
      matrix(rowAddress(to, row), to.strides.pixel, 1),
      matrix(rowAddress(from, row), pixel, channel),
      count,
      channels,
    );
};

const copyBlocks = (instance: KernelInstance, pixels: Pixels, blockStride: number): void => {
  const { rows, count, channels, from, to } = pixels;
  const whole = from.strides.channel === 1 ? Math.floor(channels / BLOCK_CHANNELS) : 0;
  for (let row = rows.from; row < rows.to; row += 1) {
    const [target, source] = [rowAddress(to, row), rowAddress(from, row)];
    instance.functions.copyBlocks(
      target,
      FLOAT_BYTES * blockStride,
      source,
      FLOAT_BYTES * from.strides.pixel,
      whole,
      count,
    );
    for (const block of range(Math.ceil(channels / BLOCK_CHANNELS)).slice(whole))
      copyMatrix(
        instance,
        { address: target + FLOAT_BYTES * block * blockStride, row: BLOCK_CHANNELS, column: 1 },
        {
          address: source + FLOAT_BYTES * block * BLOCK_CHANNELS * from.strides.channel,
          row: from.strides.pixel,
          column: from.strides.channel,
        },
        count,
        Math.min(BLOCK_CHANNELS, channels - block * BLOCK_CHANNELS),
      );
  }
};

const shifted = ({ address, strides }: Images, image: number, pixel: number): Images => ({
  address: address + FLOAT_BYTES * (image * strides.image + pixel * strides.pixel),
  strides,
});

/**
 * Prepares the group of images that begins with image `first`. Returns the byte address of pixel (0, 0) of the first
 * one. If the first rows or columns are cropped, this address lies before the copy.
 */
export const prepareImages = (
  instance: KernelInstance,
  { input, channels }: ConvGeometry,
  source: Source,
  x: Images,
  scratch: number,
  first: number,
): number => {
  const { layout, strides, group } = source;
  if (layout === 'inPlace') return shifted(x, first, 0).address;
  const origin = scratch - FLOAT_BYTES * (source.rows.from * strides.row + source.columns.from * strides.pixel);
  const [rows, columns] = [clamp(source.rows, input[0]), clamp(source.columns, input[1])];
  if (extentLength(columns) <= 0) return origin;
  for (let image = 0; image < group; image += 1) {
    const from = shifted(x, first + image, columns.from);
    const to = shifted({ address: origin, strides }, image, columns.from);
    const pixels = { rows, count: extentLength(columns), channels, from, to };
    if (layout === 'blocks') copyBlocks(instance, pixels, source.blockStride);
    else copyPixels(instance, pixels);
  }
  return origin;
};
