import { normOf, preservesVariance } from '../channels/channel.js';
import type { Level } from '../channels/level.js';
import { raise } from '../../internal/errors.js';

/**
 * The prediction of a denoiser for x_t = α·x₀ + σ·ε: the noise ε, the data x₀, v = (α·ε - σ·x₀)/√(α² + σ²), the score
 * ∇log q(x_t|x₀) = -ε/σ, or the velocity of a flow, α̇·x₀ + σ̇·ε, on a continuous path. Given x_t, each determines the others.
 * {@link fromPrevious} converts a network that predicts x_{t-1} to x₀.
 */
export type Parameterization = 'epsilon' | 'x0' | 'v' | 'score' | 'velocity';

/** q(x_t|x_0), with the derivatives of α and σ on a continuous path. */
export type Marginal = Pick<Level, 'alpha' | 'sigma' | 'rates'>;

/** The combination x0·x₀ + epsilon·ε. */
export interface Mixture {
  readonly x0: number;
  readonly epsilon: number;
}

const mixtures: { readonly [K in Parameterization]: (marginal: Marginal) => Mixture } = {
  epsilon: () => ({ x0: 0, epsilon: 1 }),
  x0: () => ({ x0: 1, epsilon: 0 }),
  // Salimans & Ho 2022, appendix D
  v: (marginal) => {
    const norm = preservesVariance(marginal) ? 1 : normOf(marginal);
    return { x0: -marginal.sigma / norm, epsilon: marginal.alpha / norm };
  },
  score: ({ sigma }) => ({ x0: 0, epsilon: -1 / sigma }), // Song et al. 2021, section 3.3, for a Gaussian channel
  // Lipman et al. 2023
  velocity: ({ rates }) => {
    const dot = requireRates(rates);
    return { x0: dot.alpha, epsilon: dot.sigma };
  },
};

/** The derivatives α̇ and σ̇, for a velocity. Raises `ConfigError` where a path has none. */
export const requireRates = <R>(rates: R | undefined): R =>
  rates ??
  raise('ConfigError', {
    where: 'denoiser.predicts',
    expected: "another prediction, such as 'v', where the path has no derivative",
    actual: "'velocity'",
    hint: 'take rectifiedFlow()',
  });

/**
 * The target of a prediction as a combination of data and noise, for the channel q(x_t|x_0). Raises `ConfigError` for a velocity
 * without `rates`.
 * @example target('v')({ alpha: 0.8, sigma: 0.6 }) // → { x0: -0.6, epsilon: 0.8 }
 */
export const target = (predicts: Parameterization): ((marginal: Marginal) => Mixture) => mixtures[predicts];

/** The affine map y ↦ x·x_t + prediction·y, at one noise level. */
export interface Conversion {
  readonly x: number;
  readonly prediction: number;
}

/**
 * Converts one prediction to another, for the channel q(x_t|x_0): `to` as a combination of x_t and `from`.
 * `conversion(a, b)` and `conversion(b, a)` are inverse. Not finite from 'epsilon' and 'score' without signal, from 'x0'
 * without noise, and to or from 'score' without noise.
 * @example
 * // x̂₀ = (x_t - σ·ε̂)/α = α·x_t - σ·v̂
 * conversion('epsilon', 'x0')({ alpha: 0.8, sigma: 0.6 }) // → { x: 1.25, prediction: -0.75 }
 * conversion('v', 'x0')({ alpha: 0.8, sigma: 0.6 }) // → { x: 0.8, prediction: -0.6 }
 */
export const conversion =
  (from: Parameterization, to: Parameterization) =>
  (marginal: Marginal): Conversion => {
    const { alpha, sigma } = marginal;
    const source = target(from)(marginal);
    const goal = target(to)(marginal);
    // Cramer's rule on x·(α, σ) + prediction·source = goal
    const determinant = alpha * source.epsilon - sigma * source.x0;
    return {
      x: (goal.x0 * source.epsilon - goal.epsilon * source.x0) / determinant,
      prediction: (alpha * goal.epsilon - sigma * goal.x0) / determinant,
    };
  };
