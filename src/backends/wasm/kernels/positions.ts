/** The outputs of a phase, for a group of images, numbered row by row. */
import type { ImagePhase, ImageStrides } from './geometry.js';

/** Outputs side by side in one row of one image. */
export interface Run {
  readonly image: number;
  readonly row: number;
  readonly column: number;
  readonly count: number;
}

/** How many outputs a phase has in one image. */
export const outputsOf = ({ rows, columns }: ImagePhase): number =>
  rows.outputs.count * columns.outputs.count;

/** Visits the runs of outputs `from` to `to`. */
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

/** Calls `run` with the first of, and how many are in, blocks of at most `size` of `total`. */
export const forEachBlock = (
  total: number,
  size: number,
  run: (first: number, count: number) => void,
): void => {
  for (let first = 0; first < total; first += size) run(first, Math.min(size, total - first));
};

/** Where a phase's output 0 meets its tap 0, in numbers from place (0, 0); and its outputs' strides there. */
export const inputPlaces = ({ rows, columns }: ImagePhase, strides: ImageStrides) => ({
  origin: rows.origin * strides.row + columns.origin * strides.pixel,
  image: strides.image,
  row: rows.stride * strides.row,
  column: columns.stride * strides.pixel,
});

/** Where a phase's outputs are, in numbers from output (0, 0), in an image of the whole output. */
export const outputPlaces = ({ rows, columns }: ImagePhase, strides: ImageStrides) => ({
  origin: rows.outputs.from * strides.row + columns.outputs.from * strides.pixel,
  image: strides.image,
  row: rows.outputs.step * strides.row,
  column: columns.outputs.step * strides.pixel,
});

export type Places = ReturnType<typeof inputPlaces>;

/** The place of a run's first output. */
export const placeOf = (places: Places, { image, row, column }: Run): number =>
  places.origin + image * places.image + row * places.row + column * places.column;
