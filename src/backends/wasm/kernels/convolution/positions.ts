/** Numbers the outputs of a phase in a group of images, row by row, and maps them to memory offsets. */
import type { ConvGeometry, ImagePhase, ImageStrides } from '../geometry.js';
import { range } from '../../assembler/numbers.js';

/** Small images are grouped, up to this many outputs in total. */
const GROUP_OUTPUTS = 256;

/** The number of images that are processed together: the largest divisor of the batch whose images have few outputs. */
export const groupOf = ({ batch, output }: ConvGeometry): number => {
  const most = Math.max(1, Math.min(batch, Math.floor(GROUP_OUTPUTS / (output[0] * output[1]))));
  return (
    range(most)
      .map((index) => most - index)
      .find((size) => batch % size === 0) ?? 1
  );
};

/** Consecutive outputs in one row of one image. */
export interface Run {
  readonly image: number;
  readonly row: number;
  readonly column: number;
  readonly count: number;
}

/** Number of outputs of a phase in one image. */
export const outputsOf = ({ rows, columns }: ImagePhase): number => rows.outputs.count * columns.outputs.count;

/** Calls `visit` with the runs that make up outputs `from` to `to` (exclusive). */
export const forEachRun = (phase: ImagePhase, from: number, to: number, visit: (run: Run) => void): void => {
  const width = phase.columns.outputs.count;
  const height = phase.rows.outputs.count;
  for (let next = from; next < to;) {
    const line = Math.floor(next / width);
    const column = next % width;
    const count = Math.min(width - column, to - next);
    visit({ image: Math.floor(line / height), row: line % height, column, count });
    next += count;
  }
};

/**
 * Offsets in the input, in elements from pixel (0, 0) of the first image. `origin` is the offset of the pixel that
 * output 0 reads with tap 0; the others are the strides from one output to the next.
 */
export const inputOffsets = ({ rows, columns }: ImagePhase, strides: ImageStrides) => ({
  origin: rows.origin * strides.row + columns.origin * strides.pixel,
  image: strides.image,
  row: rows.stride * strides.row,
  column: columns.stride * strides.pixel,
});

/** Offsets of a phase's outputs in the whole output, in elements from output (0, 0) of the first image. */
export const outputOffsets = ({ rows, columns }: ImagePhase, strides: ImageStrides) => ({
  origin: rows.outputs.from * strides.row + columns.outputs.from * strides.pixel,
  image: strides.image,
  row: rows.outputs.step * strides.row,
  column: columns.outputs.step * strides.pixel,
});

export type Offsets = ReturnType<typeof inputOffsets>;

/** Offset of a run's first output. */
export const offsetOf = (offsets: Offsets, { image, row, column }: Run): number =>
  offsets.origin + image * offsets.image + row * offsets.row + column * offsets.column;
