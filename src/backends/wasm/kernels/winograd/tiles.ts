/** The tiles of a convolution, for Winograd's algorithm. */
import { ranges, type TablePlace } from '../../stage/stage.js';
import type { ConvGeometry, ImageStrides } from '../geometry.js';
import { PADDING } from '../rowKernel.js';
import { LINE_ELEMENTS } from '../scratch.js';
import { ROW_MULTIPLE } from '../tiles.js';
import { TILE_WORDS } from './functions.js';
import { WORD_BYTES, range } from '../../assembler/numbers.js';

/** The minimum number of channels, on both sides, for which the transforms cost less than they save. */
const LEAST_CHANNELS = 16;

/** The minimum number of outputs along an axis; with fewer, half a tile may be wasted. */
const LEAST_OUTPUTS = 4;

const all = (values: readonly number[], is: number): boolean => values.every((value) => value === is);

/** Tests if Winograd's algorithm applies to a convolution and is faster. */
export const hasWinograd = (c: ConvGeometry): boolean =>
  all(c.window, 3) &&
  all([...c.strides, ...c.dilation, ...c.inputDilation], 1) &&
  c.channels % 4 === 0 &&
  c.outChannels % 4 === 0 &&
  Math.min(c.channels, c.outChannels) >= LEAST_CHANNELS &&
  Math.min(...c.output) >= LEAST_OUTPUTS;

/** The number of tiles of an image. */
const tilesOfImage = ({ output }: ConvGeometry): number => Math.ceil(output[0] / 2) * Math.ceil(output[1] / 2);

/** The number of tiles of all images. */
const tilesOf = (geometry: ConvGeometry): number => geometry.batch * tilesOfImage(geometry);

/** The maximum number of tiles of a block. */
const MOST_TILES = 96;

/** The number of images that share a table: the least divisor of the batch with enough tiles for a block. */
const groupOf = (geometry: ConvGeometry): number => {
  const { batch } = geometry;
  const least = Math.ceil(MOST_TILES / tilesOfImage(geometry));
  for (let images = least; images < batch; images++) if (batch % images === 0) return images;
  return batch;
};

/** The table of the tiles of a group of images: the offsets of inputs and outputs from the first image. */
export const tileTable = (geometry: ConvGeometry, x: ImageStrides, y: ImageStrides): Int32Array => {
  const { input, output, padding } = geometry;
  const images = groupOf(geometry);
  const words = new Int32Array(images * tilesOfImage(geometry) * TILE_WORDS);
  let at = 0;
  const write = (
    image: number,
    { image: step, row: rowStep, pixel }: ImageStrides,
    extent: readonly [number, number],
    first: readonly [number, number],
    size: number,
  ): void => {
    for (let i = first[0]; i < first[0] + size; i++)
      for (let j = first[1]; j < first[1] + size; j++)
        words[at++] =
          i >= 0 && i < extent[0] && j >= 0 && j < extent[1]
            ? WORD_BYTES * (image * step + i * rowStep + j * pixel)
            : PADDING;
  };
  for (let image = 0; image < images; image++)
    for (let row = 0; row < output[0]; row += 2)
      for (let column = 0; column < output[1]; column += 2) {
        write(image, x, input, [row - padding[0], column - padding[1]], 4);
        write(image, y, output, [row, column], 2);
      }
  return words;
};

/** The sizes of blocks of tiles. */
export interface Blocking {
  /** Elements of transformed inputs in a block. */
  readonly elements: number;
  /** The minimum number of blocks to distribute over threads, if that leaves enough tiles for a block. */
  readonly fewest: number;
}

/**
 * The stride between the 16 matrices of an operand, or between the 9 taps of a filter, in elements: the size of one,
 * plus a cache line. Without this line, elements of equal index would often be a multiple of 4 KiB apart, and compete
 * for the eight lines of one set of the L1 cache.
 */
export const matrixStep = (elements: number): number => elements + LINE_ELEMENTS;

/** Some tiles of a group of images, and their part of the table. */
export interface TileBlock {
  /** The first image of the group. */
  readonly image: number;
  readonly count: number;
  readonly table: TablePlace;
}

/** The maximum number of tiles of a block: a multiple of every tile of the row kernel. */
export const blockTiles = (geometry: ConvGeometry, { elements, fewest }: Blocking): number => {
  const most = Math.min(MOST_TILES, Math.floor(elements / 16 / geometry.channels));
  const count = Math.min(most, Math.ceil(tilesOf(geometry) / fewest));
  return Math.max(1, Math.round(count / ROW_MULTIPLE)) * ROW_MULTIPLE;
};

/** The number of blocks that the tiles of a group of images are divided into. */
const blocksOfGroup = (geometry: ConvGeometry, blocking: Blocking): number =>
  Math.ceil((groupOf(geometry) * tilesOfImage(geometry)) / blockTiles(geometry, blocking));

/** The number of blocks of all images. */
export const blockCount = (geometry: ConvGeometry, blocking: Blocking): number =>
  (geometry.batch / groupOf(geometry)) * blocksOfGroup(geometry, blocking);

export const tileBlocks = (geometry: ConvGeometry, table: Int32Array, blocking: Blocking): readonly TileBlock[] => {
  const images = groupOf(geometry);
  return range(geometry.batch / images).flatMap((group) =>
    ranges(images * tilesOfImage(geometry), blocksOfGroup(geometry, blocking)).map(({ first, count }) => ({
      image: group * images,
      count,
      table: { table, offset: WORD_BYTES * TILE_WORDS * first },
    })),
  );
};
