/**
 * The order of stochastic solvers: how far the mean and the variance of their samples are from those of the data. With
 * Gaussian data a step is an affine map of x_t, memory and noise, so that both follow exactly, without drawing.
 */
import type { Solver } from 'noisefold/diffusion';
import type { Backend, Shape } from 'noisefold/dsl';
import { channelAt } from './flow.js';
import { type Moments, stepsOf, through } from '../../properties/oracles/affineSteps.js';
import { walkOf } from '../../properties/oracles/solverWalk.js';
import type { Subject } from './mixtures.js';
import type { Stretch } from './strong.js';
import { pathOf } from './path.js';

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
  const path = pathOf(solver, stretch.from, stretch.to, n);
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
