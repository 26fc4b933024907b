/**
 * The order of stochastic solvers: how far the mean and the variance of their samples are from those of the data. With
 * Gaussian data a step is an affine map of x_t, memory and noise, so that both follow exactly, without drawing.
 */
import type { Solver } from 'noisefold/diffusion';
import type { Backend, Shape } from 'noisefold/dsl';
import { channelAt } from './flow.js';
import type { Subject } from './mixtures.js';
import type { Stretch } from './strong.js';
import { type Batch, pathOf, type Walk, walkOf } from './walk.js';

/** y ↦ matrix·y + noise·ε + offset on (x, memory), of one number of a sample: they do not mix. */
interface AffineStep {
  readonly matrix: readonly (readonly number[])[];
  readonly noise: readonly number[];
  readonly offset: readonly number[];
}

/** A batch whose sample `which` is all ones, the others zeros; zeros for -1. */
const unit = (batch: number, size: number, which: number): Batch =>
  new Float64Array(batch * size).fill(1, Math.max(0, which) * size, (which + 1) * size);

/** What a step does, found by giving it the units of x, of each memory and of the noise, and nothing. */
const stepsOf = async (
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

interface Moments {
  readonly mean: readonly number[];
  readonly covariance: readonly (readonly number[])[];
}

const through =
  ({ matrix, noise, offset }: AffineStep) =>
  ({ mean, covariance }: Moments): Moments => {
    const dot = (a: readonly number[], b: readonly number[]): number =>
      a.reduce((sum, x, i) => sum + x * b[i]!, 0);
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

/**
 * The error at the end of a stretch of n legs in the first Gaussian of some data: of means, in deviations, and of
 * variances, relative; the largest over the numbers of a sample.
 */
export const weakError = async (
  backend: Backend,
  { mixture }: Subject<Shape>,
  solver: Solver,
  stretch: Stretch,
  n: number,
): Promise<number> => {
  const [means, variances] = [mixture.means[0]!, mixture.variances[0]!];
  const gaussian = { shape: mixture.shape, weights: [1], means: [means], variances: [variances] };
  const size = means.length;
  const truth = (lambda: number, i: number): { readonly mean: number; readonly variance: number } => {
    const { scale, variance } = channelAt(lambda);
    const v = typeof variances === 'number' ? variances : variances[i]!;
    return { mean: scale * means[i]!, variance: scale ** 2 * v + variance };
  };
  const path = pathOf(stretch.from, stretch.to, n);
  const { memory } = await walkOf(backend, solver, path, gaussian, 1);
  const batch = memory + 3;
  const walk = await walkOf(backend, solver, path, gaussian, batch);
  let moments: readonly Moments[] = Array.from({ length: size }, (_, i) => {
    const { mean, variance } = truth(stretch.from, i);
    const zeros = Array<number>(memory).fill(0);
    return {
      mean: [mean, ...zeros],
      covariance: [[variance, ...zeros], ...zeros.map(() => [0, ...zeros])],
    };
  });
  for (let index = 0; index < n; index++) {
    const steps = await stepsOf(walk, index, batch, size);
    moments = moments.map((one, i) => through(steps[i]!)(one));
  }
  walk.release();
  return moments.reduce((most, { mean, covariance }, i) => {
    const expected = truth(stretch.to, i);
    return Math.max(
      most,
      Math.abs(mean[0]! - expected.mean) / Math.sqrt(expected.variance),
      Math.abs(covariance[0]![0]! / expected.variance - 1),
    );
  }, 0);
};
