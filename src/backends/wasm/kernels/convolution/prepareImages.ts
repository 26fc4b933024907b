/** Copies images with padding for a filter gradient, unless they are read in place. */
import { command, type Item, type Place, shift } from '../../stage/stage.js';
import { cleared, copied } from '../copy.js';
import type { ConvGeometry, ImageStrides } from '../geometry.js';
import type { Extent } from '../phases.js';
import { BLOCK_CHANNELS, extentLength, type Source } from './imageReads.js';
import { WORD_BYTES, range } from '../../assembler/numbers.js';

/** Images in memory: the place of pixel (0, 0) of the first image, and strides in elements. */
export interface Images {
  readonly at: Place;
  readonly strides: ImageStrides;
}

const clamp = ({ from, to }: Extent, extent: number): Extent => ({
  from: Math.max(0, from),
  to: Math.min(extent, to),
});

/** Pixels of one image to copy: `count` in each of `rows`. The places are those of the first pixel of row 0. */
interface Pixels {
  readonly rows: Extent;
  readonly count: number;
  readonly channels: number;
  readonly from: Images;
  readonly to: Images;
}

const rowAt = ({ at, strides }: Images, row: number): Place => shift(at, WORD_BYTES * row * strides.row);

const copyPixels = ({ rows, count, channels, from, to }: Pixels): Item => {
  const { pixel, channel, row } = from.strides;
  if (pixel === channels && (channel === 1 || channels === 1))
    return copied(
      { at: rowAt(to, rows.from), row: to.strides.row, column: 1 },
      { at: rowAt(from, rows.from), row, column: 1 },
      extentLength(rows),
      count * channels,
    );
  return range(extentLength(rows)).flatMap((i) =>
    copied(
      { at: rowAt(to, rows.from + i), row: to.strides.pixel, column: 1 },
      { at: rowAt(from, rows.from + i), row: pixel, column: channel },
      count,
      channels,
    ),
  );
};

const copyBlocks = ({ rows, count, channels, from, to }: Pixels, blockStride: number): Item => {
  const whole = from.strides.channel === 1 ? Math.floor(channels / BLOCK_CHANNELS) : 0;
  const step = WORD_BYTES * blockStride;
  return range(extentLength(rows)).flatMap((i) => {
    const [target, source] = [rowAt(to, rows.from + i), rowAt(from, rows.from + i)];
    const rest = range(Math.ceil(channels / BLOCK_CHANNELS)).slice(whole);
    return [
      command('copyBlocks', target, step, source, WORD_BYTES * from.strides.pixel, whole, count),
      ...rest.flatMap((block) =>
        copied(
          { at: shift(target, block * step), row: BLOCK_CHANNELS, column: 1 },
          {
            at: shift(source, WORD_BYTES * block * BLOCK_CHANNELS * from.strides.channel),
            row: from.strides.pixel,
            column: from.strides.channel,
          },
          count,
          Math.min(BLOCK_CHANNELS, channels - block * BLOCK_CHANNELS),
        ),
      ),
    ];
  });
};

const moved = ({ at, strides }: Images, image: number, pixel: number): Images => ({
  at: shift(at, WORD_BYTES * (image * strides.image + pixel * strides.pixel)),
  strides,
});

/**
 * The place of pixel (0, 0) of the first image as it is read. If the first rows or columns are cropped, it lies before the
 * copy.
 */
export const originOf = ({ layout, strides, rows, columns }: Source, x: Images, scratch: Place): Place =>
  layout === 'inPlace' ? x.at : shift(scratch, -WORD_BYTES * (rows.from * strides.row + columns.from * strides.pixel));

/** Copies the images to `scratch`, an item for each, if they are not read in place. */
export const copyImages = (
  { batch, input, channels }: ConvGeometry,
  source: Source,
  x: Images,
  scratch: Place,
): readonly Item[] => {
  const { layout, strides } = source;
  if (layout === 'inPlace') return [];
  const to = { at: originOf(source, x, scratch), strides };
  const [rows, columns] = [clamp(source.rows, input[0]), clamp(source.columns, input[1])];
  const isPadded = rows.from !== source.rows.from || rows.to !== source.rows.to || columns.from !== source.columns.from || columns.to !== source.columns.to; // oxfmt-ignore
  const hasPartialBlock = layout === 'blocks' && channels % BLOCK_CHANNELS !== 0;
  return range(batch).map((image): Item => {
    const pixels: Pixels = {
      rows,
      count: extentLength(columns),
      channels,
      from: moved(x, image, columns.from),
      to: moved(to, image, columns.from),
    };
    const clearing =
      isPadded || hasPartialBlock ? [cleared(shift(scratch, WORD_BYTES * image * strides.image), strides.image)] : [];
    if (extentLength(columns) <= 0 || extentLength(rows) <= 0) return clearing;
    return [...clearing, ...(layout === 'blocks' ? copyBlocks(pixels, source.blockStride) : copyPixels(pixels))];
  });
};
