/**
 * Where a convolution reads its images: where they are, or, padded, in scratch.
 *
 * A copy is made of a few images at a time, and used while it is in the cache.
 */
import { FLOAT_BYTES, copyMatrix, fillZero } from './copy.js';
import type { Machine } from './functions.js';
import type { ConvGeometry, ImagePhase, ImageStrides } from './geometry.js';
import { extentOf } from './phases.js';
import type { Extent, Phase } from './phases.js';
import type { Segments } from './rows.js';
import { range } from './tiles.js';

/** How images are read; strides in numbers. In all cases the channels of a pixel lie side by side. */
export interface Source {
  readonly isCopy: boolean;
  /** Images that are read together; divides the batch. */
  readonly group: number;
  readonly rows: Extent;
  readonly columns: Extent;
  readonly strides: ImageStrides;
}

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

const length = ({ from, to }: Extent) => to - from;
const isWithin = ({ from, to }: Extent, extent: number) => from >= 0 && to <= extent;

/** How to read images `x`; they are copied if they must be padded, or if `mayStay` is false. */
export const sourceOf = (
  geometry: ConvGeometry,
  phases: { readonly rows: readonly Phase[]; readonly columns: readonly Phase[] },
  x: ImageStrides,
  mayStay: boolean,
): Source => {
  const { channels, input } = geometry;
  const [rows, columns] = [extentOf(phases.rows), extentOf(phases.columns)];
  const isSideBySide = x.channel === 1 || channels === 1;
  const isCopy = !(mayStay && isSideBySide && isWithin(rows, input[0]) && isWithin(columns, input[1]));
  const row = length(columns) * channels;
  return {
    isCopy,
    group: groupOf(geometry),
    rows,
    columns,
    strides: isCopy ? { image: length(rows) * row, row, pixel: channels, channel: 1 } : x,
  };
};

/** Scratch for the copies, in numbers; a tile may read (and not use) a few numbers after the last pixel. */
export const copyElements = ({ isCopy, group, strides }: Source): number =>
  isCopy ? group * strides.image + 4 : 0;

/** Makes the padding; the copies of all groups use the same. */
export const clearCopies = (machine: Machine, source: Source, scratch: number): void => {
  if (source.isCopy) fillZero(machine, scratch, copyElements(source));
};

const clamp = ({ from, to }: Extent, extent: number): Extent => ({
  from: Math.max(0, from),
  to: Math.min(extent, to),
});

/** Copies `rows` of one image, `pixels` of each; `at` gives the addresses of the first pixel of a row. */
const copyPixels = (
  machine: Machine,
  at: { readonly to: (row: number) => number; readonly from: (row: number) => number },
  x: ImageStrides,
  { strides }: Source,
  rows: Extent,
  pixels: number,
  channels: number,
): void => {
  const isRowSideBySide = x.pixel === channels && (x.channel === 1 || channels === 1);
  if (isRowSideBySide) {
    const matrix = (address: number, row: number) => ({ address, row, column: 1 });
    const [to, from] = [matrix(at.to(rows.from), strides.row), matrix(at.from(rows.from), x.row)];
    return copyMatrix(machine, to, from, length(rows), pixels * channels);
  }
  for (let row = rows.from; row < rows.to; row += 1)
    copyMatrix(
      machine,
      { address: at.to(row), row: strides.pixel, column: 1 },
      { address: at.from(row), row: x.pixel, column: x.channel },
      pixels,
      channels,
    );
};

/**
 * Makes the group of images from `first` on readable: the address of place (0, 0) of the first one, which need
 * not be inside of it.
 */
export const readImages = (
  machine: Machine,
  geometry: ConvGeometry,
  source: Source,
  x: { readonly address: number; readonly strides: ImageStrides },
  scratch: number,
  first: number,
): number => {
  const { strides } = source;
  if (!source.isCopy) return x.address + FLOAT_BYTES * first * strides.image;
  const origin =
    scratch - FLOAT_BYTES * (source.rows.from * strides.row + source.columns.from * strides.pixel);
  const [rows, columns] = [clamp(source.rows, geometry.input[0]), clamp(source.columns, geometry.input[1])];
  if (length(columns) <= 0) return origin;
  const place = (of: ImageStrides, image: number, row: number) =>
    FLOAT_BYTES * (image * of.image + row * of.row + columns.from * of.pixel);
  for (let image = 0; image < source.group; image += 1) {
    const to = (row: number) => origin + place(strides, image, row);
    const from = (row: number) => x.address + place(x.strides, first + image, row);
    copyPixels(machine, { to, from }, x.strides, source, rows, length(columns), geometry.channels);
  }
  return origin;
};

/** What an output of a phase is summed over: if pixels lie side by side, a row of taps is one segment. */
export const segmentsOf = ({ rows, columns }: ImagePhase, source: Source, channels: number): Segments => {
  const { row, pixel } = source.strides;
  const isEmpty = columns.taps.count === 0;
  const vertical = { high: isEmpty ? 0 : rows.taps.count, highStride: rows.dilation * row };
  return columns.dilation === 1 && pixel === channels
    ? { ...vertical, wide: 1, wideStride: 0, length: columns.taps.count * channels }
    : { ...vertical, wide: columns.taps.count, wideStride: columns.dilation * pixel, length: channels };
};
