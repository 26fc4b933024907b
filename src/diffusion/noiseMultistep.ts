import { conversion } from './parameterization.js';
import { flowStep, reachOf } from './lambda.js';
import { linearIntegrator } from './linearIntegrator.js';
import type { Integrator, Leg } from './solver.js';

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
    legs.map(({ from, to }, i) => {
      const { x, x0 } = flowStep(from, to);
      const [own, ...earlier] = weights(i, reachOf(legs, i, order));
      if (earlier.length === 0) return { x, x0: [x0], noise: 0 };
      // what ε̂ weighs in a step of DDIM; its own part of the mean beyond 1 goes to x_t and x̂₀
      const noise = Math.sqrt(to.variance) - (to.scale / from.scale) * Math.sqrt(from.variance);
      const toNoise = conversion('x0', 'epsilon')(from);
      const beyond = (own! - 1) * noise;
      return {
        x: x + beyond * toNoise.x,
        x0: [x0 + beyond * toNoise.prediction, ...earlier.map((weight) => weight * noise)],
        noise: 0,
      };
    }),
    legs.map(({ from }) => conversion('x0', 'epsilon')(from)),
  );
