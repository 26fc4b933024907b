/**
 * How a convolution reads its images: where they are, or from a copy in scratch, with padding, of a few images
 * at a time.
 */
import type { ConvGeometry, ImagePhase, ImageStrides } from './geometry.js';
import { extentOf } from './phases.js';
import type { Extent, Phase } from './phases.js';
import type { Segments } from './rows.js';
import { range } from './tiles.js';

/**
 * - `inPlace`: no copy;
 * - `copy`: [image, row, pixel, channel];
 * - `blocks`: [image, channels / 4, row, pixel, 4].
 */
export type SourceLayout = 'inPlace' | 'copy' | 'blocks';

/** How images are read; strides in numbers. Neighbouring channels (of a block) lie side by side. */
export interface Source {
  readonly layout: SourceLayout;
  /** Images that are read together; divides the batch. */
  readonly group: number;
  readonly rows: Extent;
  readonly columns: Extent;
  readonly strides: ImageStrides;
  /** From four channels to the next four. */
  readonly blockStride: number;
}

/** Channels of a block. */
export const BLOCK_CHANNELS = 4;

/** Small images are taken together, up to this many outputs. */
const GROUP_OUTPUTS = 256;

/** The most images, a divisor of the batch, that have no more outputs together; at least 1. */
const groupOf = ({ batch, output }: ConvGeometry): number => {
  const most = Math.max(1, Math.min(batch, Math.floor(GROUP_OUTPUTS / (output[0] * output[1]))));
  return (
    range(most)
      .map((index) => most - index)
      .find((size) => batch % size === 0) ?? 1
  );
};

export const extentLength = ({ from, to }: Extent): number => to - from;

/** What is read of the images, in both directions. */
export interface Extents {
  readonly rows: Extent;
  readonly columns: Extent;
}

/** What the phases touch of the input, padding included. */
export const touchedExtents = (phases: {
  readonly rows: readonly Phase[];
  readonly columns: readonly Phase[];
}): Extents => ({ rows: extentOf(phases.rows), columns: extentOf(phases.columns) });

/** Whether images can be read where they are: they need no padding, and have their channels side by side. */
export const canStay = ({ channels, input }: ConvGeometry, x: ImageStrides, touched: Extents): boolean => {
  const isWithin = ({ from, to }: Extent, extent: number) => from >= 0 && to <= extent;
  const isSideBySide = x.channel === 1 || channels === 1;
  return isSideBySide && isWithin(touched.rows, input[0]) && isWithin(touched.columns, input[1]);
};

/** How to read images `x` in a layout. */
export const sourceOf = (
  geometry: ConvGeometry,
  x: ImageStrides,
  extents: Extents,
  layout: SourceLayout,
): Source => {
  const base = { layout, group: groupOf(geometry), ...extents };
  if (layout === 'inPlace') return { ...base, strides: x, blockStride: BLOCK_CHANNELS };
  const isBlocks = layout === 'blocks';
  const pixel = isBlocks ? BLOCK_CHANNELS : geometry.channels;
  const row = extentLength(extents.columns) * pixel;
  const plane = extentLength(extents.rows) * row;
  const image = isBlocks ? plane * Math.ceil(geometry.channels / BLOCK_CHANNELS) : plane;
  return {
    ...base,
    strides: { image, row, pixel, channel: 1 },
    blockStride: isBlocks ? plane : BLOCK_CHANNELS,
  };
};

/** Scratch for the copies, in numbers. A tile may read (and not use) a few numbers after the last pixel. */
export const copyElements = ({ layout, group, strides }: Source): number =>
  layout === 'inPlace' ? 0 : group * strides.image + BLOCK_CHANNELS;

/** What an output of a phase is summed over: if pixels lie side by side, a row of taps is one segment. */
export const segmentsOf = ({ rows, columns }: ImagePhase, source: Source, channels: number): Segments => {
  const { row, pixel } = source.strides;
  const isEmpty = columns.taps.count === 0;
  const vertical = { high: isEmpty ? 0 : rows.taps.count, highStride: rows.dilation * row };
  return columns.dilation === 1 && pixel === channels
    ? { ...vertical, wide: 1, wideStride: 0, length: columns.taps.count * channels }
    : { ...vertical, wide: columns.taps.count, wideStride: columns.dilation * pixel, length: channels };
};
