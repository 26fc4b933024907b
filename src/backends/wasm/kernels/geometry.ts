/** The geometry of a two-dimensional convolution, as data. */
import { type ConvAxis, type Phase, phasesOf } from './phases.js';

/** Height, then width. */
export type HeightWidth = readonly [number, number];

/**
 * Extents of a convolution: y[n, h, w, o] = Σ x̃[n, h·s + i·d − p, w·s + j·d − p, c] · f[i, j, c, o], summed over
 * i, j and c. x̃ is x with `inputDilation − 1` zeros between neighbours, and 0 outside. `output` implies the padding
 * at the end: inputs after the last position that an output reads are cropped.
 */
export interface ConvGeometry {
  readonly batch: number;
  readonly input: HeightWidth;
  readonly channels: number;
  readonly window: HeightWidth;
  readonly output: HeightWidth;
  readonly outChannels: number;
  readonly strides: HeightWidth;
  /** Padding above and to the left; a negative value crops. */
  readonly padding: HeightWidth;
  readonly dilation: HeightWidth;
  readonly inputDilation: HeightWidth;
}

/** Strides of a batch of images [N, H, W, C], in elements; any may be negative or 0. */
export interface ImageStrides {
  readonly image: number;
  readonly row: number;
  readonly pixel: number;
  readonly channel: number;
}

/** Strides of a filter [H, W, I, O], in elements. Any may be negative, so a flipped filter needs no copy. */
export interface FilterStrides {
  readonly row: number;
  readonly column: number;
  readonly input: number;
  readonly output: number;
}

/** A phase of a two-dimensional convolution: a phase of its rows with one of its columns. */
export interface ImagePhase {
  readonly rows: Phase;
  readonly columns: Phase;
}

const axisOf = (geometry: ConvGeometry, axis: 0 | 1): ConvAxis => ({
  input: geometry.input[axis],
  window: geometry.window[axis],
  output: geometry.output[axis],
  stride: geometry.strides[axis],
  dilation: geometry.dilation[axis],
  inputDilation: geometry.inputDilation[axis],
  before: geometry.padding[axis],
});

/** Returns the phases of both axes and all their combinations. */
export const imagePhases = (
  geometry: ConvGeometry,
): {
  readonly rows: readonly Phase[];
  readonly columns: readonly Phase[];
  readonly all: readonly ImagePhase[];
} => {
  const rows = phasesOf(axisOf(geometry, 0));
  const columns = phasesOf(axisOf(geometry, 1));
  return {
    rows,
    columns,
    all: rows.flatMap((row) => columns.map((column) => ({ rows: row, columns: column }))),
  };
};

/** The multiply-adds of a convolution, or of its filter gradient, padding included. */
export const convWork = ({ batch, output, window, channels, outChannels, inputDilation }: ConvGeometry): number =>
  (batch * output[0] * output[1] * window[0] * window[1] * channels * outChannels) /
  (inputDilation[0] * inputDilation[1]);
