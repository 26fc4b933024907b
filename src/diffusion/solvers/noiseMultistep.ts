import type { Channel } from '../schedules/channel.js';
import { conversion } from '../denoiser/parameterization.js';
import { flowStep } from './exponentialIntegrator.js';
import { hasSignal, reachOf } from './stepLimits.js';
import { linearIntegrator, type StepCoefficients } from './linearIntegrator.js';
import type { Leg } from '../grids/leg.js';
import type { Integrator } from './solver.js';

/** x_s = x·x_t + noise·ε̂ from one level to another: the step of DDIM with any ε̂, where there is signal. */
export const noiseStep = (from: Channel, to: Channel): { readonly x: number; readonly noise: number } => {
  const x = to.scale / from.scale;
  return { x, noise: Math.sqrt(to.variance) - x * Math.sqrt(from.variance) };
};

/** The step of DDIM with a mean of ε̂, the newest first, in its place; the weights sum to 1. `x0[1]`… are factors of ε̂. */
export const meanNoiseStep = (from: Channel, to: Channel, [own, ...earlier]: readonly number[]): StepCoefficients => {
  const { x, x0 } = flowStep(from, to);
  if (earlier.length === 0) return { x, x0: [x0], noise: 0 };
  // its own part of the mean beyond 1 goes to x_t and x̂₀
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
 * A solver of several steps in ε̂: the step of DDIM with a mean of the last predictions of the noise in place of ε̂,
 * x̄_s = x̄_t + (σ_s - σ_t)·Σ w_k·ε̂_k for x̄ = x/a. `weights` gives the w of leg i, as many as it may use, which
 * sum to 1; the step remembers ε̂.
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
