import type { Channel } from '../schedules/channel.js';
import { conversion } from '../denoiser/parameterization.js';
import { flowStep } from './exponentialIntegrator.js';
import { hasSignal, reachOf } from './stepLimits.js';
import { linearIntegrator, type StepCoefficients } from './linearIntegrator.js';
import type { Leg } from '../grids/leg.js';
import type { Integrator } from './solver.js';

/** The coefficients of x_s = x·x_t + noise·ε̂: the step of DDIM with any ε̂. `from` must have signal. */
export const noiseStep = (from: Channel, to: Channel): { readonly x: number; readonly noise: number } => {
  const x = to.alpha / from.alpha;
  return { x, noise: to.sigma - x * from.sigma };
};

/** The step of DDIM with a weighted mean of ε̂, newest first; the weights sum to 1. `x0[1]`… are the factors of earlier ε̂. */
export const meanNoiseStep = (from: Channel, to: Channel, [own, ...earlier]: readonly number[]): StepCoefficients => {
  const { x, x0 } = flowStep(from, to);
  if (earlier.length === 0) return { x, x0: [x0], noise: 0 };
  // `flowStep` has the newest ε̂ with weight 1: add the rest of its weight, in terms of x_t and x̂₀
  const { noise } = noiseStep(from, to);
  const toNoise = conversion('x0', 'epsilon')(from);
  const beyond = (own! - 1) * noise;
  return {
    x: x + beyond * toNoise.x,
    x0: [x0 + beyond * toNoise.prediction, ...earlier.map((weight) => weight * noise)],
    noise: 0,
  };
};

/**
 * A multistep integrator in ε̂: the step of DDIM with a weighted mean of the last noise predictions,
 * x̄_s = x̄_t + (σ_s - σ_t)·Σ w_k·ε̂_k for x̄ = x/a. `weights` returns the w of leg i, one for each of `reach` predictions,
 * with sum 1. The step remembers ε̂.
 */
export const noiseMultistep = (
  legs: readonly Leg[],
  order: number,
  weights: (i: number, reach: number) => readonly number[],
): Integrator =>
  linearIntegrator(
    legs.map(({ from, to }, i) => meanNoiseStep(from, to, weights(i, reachOf(legs, i, order, hasSignal)))),
    legs.map(({ from }) => conversion('x0', 'epsilon')(from)),
  );
