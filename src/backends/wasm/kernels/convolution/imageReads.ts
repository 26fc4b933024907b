/** Chooses how a filter gradient reads its images: in place, or from a padded copy in scratch. */
import type { ConvGeometry, ImagePhase, ImageStrides } from '../geometry.js';
import { type Extent, extentOf, type Phase } from '../phases.js';

/**
 * Layout of the images that a convolution reads:
 * - `inPlace`: the original images, without a copy;
 * - `copy`: a copy `[image, row, pixel, channel]`;
 * - `blocks`: a copy `[image, channels / 4, row, pixel, 4]`.
 */
export type SourceLayout = 'inPlace' | 'copy' | 'blocks';

/**
 * The images as a convolution reads them; strides in elements. The channels of a pixel, or of its block, are
 * contiguous.
 */
export interface Source {
  readonly layout: SourceLayout;
  readonly rows: Extent;
  readonly columns: Extent;
  readonly strides: ImageStrides;
  /** Stride from one block of four channels to the next. */
  readonly blockStride: number;
}

/** Channels in a block. */
export const BLOCK_CHANNELS = 4;

export const extentLength = ({ from, to }: Extent): number => to - from;

/** The rows and columns of the images that are read. */
export interface Extents {
  readonly rows: Extent;
  readonly columns: Extent;
}

/** The rows and columns of the input, padding included, that the phases read. */
export const readExtents = (phases: {
  readonly rows: readonly Phase[];
  readonly columns: readonly Phase[];
}): Extents => ({ rows: extentOf(phases.rows), columns: extentOf(phases.columns) });

/** Tests if images can be read in place: they need no padding, and their channels are contiguous. */
export const canReadInPlace = ({ channels, input }: ConvGeometry, x: ImageStrides, extents: Extents): boolean => {
  const isWithin = ({ from, to }: Extent, extent: number) => from >= 0 && to <= extent;
  const isContiguous = x.channel === 1 || channels === 1;
  return isContiguous && isWithin(extents.rows, input[0]) && isWithin(extents.columns, input[1]);
};

/** Describes the images `x` in a layout. */
export const sourceOf = (geometry: ConvGeometry, x: ImageStrides, extents: Extents, layout: SourceLayout): Source => {
  const base = { layout, ...extents };
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

/**
 * Scratch elements for the copies. They include a few elements after the last pixel, which a tile may read but does not
 * use.
 */
export const copyElements = ({ batch }: ConvGeometry, { layout, strides }: Source): number =>
  layout === 'inPlace' ? 0 : batch * strides.image + BLOCK_CHANNELS;

/**
 * The terms of an output: `high` × `wide` segments of `length` contiguous elements. Strides, in elements, lead from the
 * beginning of one segment to the next, vertically and horizontally.
 */
export interface Segments {
  readonly high: number;
  readonly highStride: number;
  readonly wide: number;
  readonly wideStride: number;
  readonly length: number;
}

/** The segments that an output of a phase sums over. If pixels are contiguous, a row of taps is one segment. */
export const segmentsOf = ({ rows, columns }: ImagePhase, source: Source, channels: number): Segments => {
  const { row, pixel } = source.strides;
  const isEmpty = columns.taps.count === 0;
  const vertical = { high: isEmpty ? 0 : rows.taps.count, highStride: rows.dilation * row };
  return columns.dilation === 1 && pixel === channels
    ? { ...vertical, wide: 1, wideStride: 0, length: columns.taps.count * channels }
    : { ...vertical, wide: columns.taps.count, wideStride: columns.dilation * pixel, length: channels };
};
