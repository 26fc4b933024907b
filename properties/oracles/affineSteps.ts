/**
 * Solvers on Gaussian data. A step is an affine map of x_t, memory and noise, so that moments follow without drawing
 * samples.
 */
import type { Batch, Walk } from './solverWalk.js';

/** y ↦ matrix·y + noise·ε + offset on (x, memory), for one number of a sample, because the numbers do not mix. */
export interface AffineStep {
  readonly matrix: readonly (readonly number[])[];
  readonly noise: readonly number[];
  readonly offset: readonly number[];
}

/** A batch whose sample `which` is all ones, the others zeros; zeros for -1. */
const unit = (batch: number, size: number, which: number): Batch =>
  new Float64Array(batch * size).fill(1, Math.max(0, which) * size, (which + 1) * size);

/**
 * The affine map of a step, determined from its results for the unit vectors of x, of each memory and of the noise, and
 * for zero.
 */
export const stepsOf = async (
  { memory, step }: Walk,
  index: number,
  batch: number,
  size: number,
): Promise<readonly AffineStep[]> => {
  const places = memory + 1;
  const after = await step(
    index,
    {
      x: unit(batch, size, 0),
      memory: Array.from({ length: memory }, (_, k) => unit(batch, size, k + 1)),
    },
    unit(batch, size, places),
  );
  const outputs = [after.x, ...after.memory];
  return Array.from({ length: size }, (_, i) => {
    const offset = outputs.map((output) => output[(places + 1) * size + i]!);
    const from = (which: number): readonly number[] =>
      outputs.map((output, k) => output[which * size + i]! - offset[k]!);
    const columns = Array.from({ length: places }, (__, which) => from(which));
    return {
      matrix: offset.map((__, k) => columns.map((column) => column[k]!)),
      noise: from(places),
      offset,
    };
  });
};

export interface Moments {
  readonly mean: readonly number[];
  readonly covariance: readonly (readonly number[])[];
}

export const through =
  ({ matrix, noise, offset }: AffineStep) =>
  ({ mean, covariance }: Moments): Moments => {
    const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
    return {
      mean: matrix.map((row, k) => dot(row, mean) + offset[k]!),
      covariance: matrix.map((p, k) =>
        matrix.map(
          (q, l) =>
            dot(
              p,
              covariance.map((row) => dot(row, q)),
            ) +
            noise[k]! * noise[l]!,
        ),
      ),
    };
  };
