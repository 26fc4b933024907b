import { RA } from '../../internal/fp.js';
import { demanding } from '../../internal/takes.js';
import { channelPart, channelsPart } from '../parts.js';

/**
 * A Gaussian channel, x ↦ scale·x + √variance·ε with ε ~ N(0, I): one forward step of diffusion, or several merged into
 * one. Numbers on the host, in float64.
 */
export interface Channel {
  readonly scale: number;
  readonly variance: number;
}

/**
 * The channel that changes nothing.
 * @example compose(identity, { scale: 0.8, variance: 0.36 }) // → { scale: 0.8, variance: 0.36 }
 */
export const identity: Channel = { scale: 1, variance: 0 };

/**
 * Composes two channels: `first`, then `second`. The sum of two independent Gaussians is a Gaussian, so
 * (a₂, v₂)∘(a₁, v₁) = (a₂a₁, a₂²v₁ + v₂).
 * @example
 * const half = { scale: 0.5, variance: 0.5 }
 * compose(half, half) // → { scale: 0.25, variance: 0.625 }
 */
export const compose = demanding(
  'compose',
  { first: channelPart, second: channelPart },
  (first: Channel, second: Channel): Channel => ({
    scale: second.scale * first.scale,
    variance: second.scale ** 2 * first.variance + second.variance,
  }),
);

/**
 * Channels under {@link compose}, an instance of fp-ts's `Monoid`; not commutative.
 * @example
 * const steps = [{ scale: 0.5, variance: 0.5 }, { scale: 0.5, variance: 0.5 }]
 * steps.reduce(channelMonoid.concat, channelMonoid.empty) // → { scale: 0.25, variance: 0.625 }
 */
export const channelMonoid = { concat: compose, empty: identity };

/**
 * Merges channels, applied in the order of the list: q(x_t|x_0) is the fold of the steps up to t.
 * @example
 * const steps = [{ scale: 0.8, variance: 0.36 }, { scale: 0.75, variance: 0.4375 }]
 * foldChannels(steps) // → { scale: 0.6, variance: 0.64 }
 * foldChannels([]) // → { scale: 1, variance: 0 }
 */
export const foldChannels: (channels: readonly Channel[]) => Channel = demanding(
  'foldChannels',
  { channels: channelsPart },
  RA.foldMap(channelMonoid)((c) => c),
);

/**
 * The channel that leads from `earlier` to `later`, compose(earlier, transition(earlier, later)) = later:
 * q(x_t|x_s) from q(x_s|x_0) and q(x_t|x_0), s ≤ t. `earlier.scale` is not 0.
 * @example
 * const earlier = { scale: 0.8, variance: 0.36 }
 * transition(earlier, { scale: 0.6, variance: 0.64 }) // → { scale: 0.75, variance: 0.4375 }
 */
export const transition = demanding(
  'transition',
  { earlier: channelPart, later: channelPart },
  (earlier: Channel, later: Channel): Channel => {
    const scale = later.scale / earlier.scale;
    return { scale, variance: later.variance - scale ** 2 * earlier.variance };
  },
);

/** The posterior q(x_s|x_t, x_0), a Gaussian with mean x0·x₀ + xt·x_t. */
export interface Posterior {
  readonly x0: number;
  readonly xt: number;
  readonly variance: number;
}

/**
 * The posterior q(x_s|x_t, x_0) from the prior q(x_s|x_0) and the likelihood q(x_t|x_s), by Bayes' rule. For neighbouring
 * steps it has the μ̃ and β̃ of DDPM (Ho et al. 2020), eq. 7.
 *
 * @param marginal - q(x_t|x_0), if it is already known; composed from the other two if left out
 * @example
 * const step = { scale: 0.75, variance: 0.4375 }
 * posteriorOf({ scale: 0.8, variance: 0.36 }, step) // → { x0: 0.547, xt: 0.422, variance: 0.246 }
 * posteriorOf(identity, step) // → { x0: 1, xt: 0, variance: 0 }
 */
export const posteriorOf = demanding(
  'posteriorOf',
  { prior: channelPart, likelihood: channelPart },
  (prior: Channel, likelihood: Channel, marginal: Channel = compose(prior, likelihood)): Posterior =>
    prior.variance === 0
      ? { x0: prior.scale, xt: 0, variance: 0 }
      : {
          x0: (likelihood.variance * prior.scale) / marginal.variance,
          xt: (prior.variance * likelihood.scale) / marginal.variance,
          variance: (likelihood.variance * prior.variance) / marginal.variance,
        },
);

/**
 * The log-SNR, the logarithm of the signal-to-noise ratio scale²/variance (Kingma et al. 2021, eq. 3); ∞ without noise, -∞
 * without signal. The λ of DPM-Solver is half of it.
 * @example
 * logSNR({ scale: 0.8, variance: 0.36 }) // → 0.575
 * logSNR(identity) // → Infinity
 */
export const logSNR = demanding(
  'logSNR',
  { channel: channelPart },
  ({ scale, variance }: Channel): number => 2 * Math.log(scale) - Math.log(variance),
);

/**
 * The λ of DPM-Solver, half of the log-SNR: ln(a/s); -∞ without signal, ∞ without noise.
 * @example lambdaOf({ scale: 0.6, variance: 0.64 }) // → Math.log(0.6 / 0.8)
 */
export const lambdaOf = demanding(
  'lambdaOf',
  { channel: channelPart },
  (channel: Channel): number => logSNR(channel) / 2,
);

/**
 * The σ of EDM, the noise of x_t/a: s/a. Infinite without signal.
 * @example sigmaOf({ scale: 0.6, variance: 0.64 }) // → 0.8 / 0.6
 */
export const sigmaOf = demanding(
  'sigmaOf',
  { channel: channelPart },
  ({ scale, variance }: Channel): number => Math.sqrt(variance) / scale,
);

/** The variance-preserving channel with the noise level σ: a = 1/√(1 + σ²). It has no signal if σ is ∞. */
export const channelOfSigma = (sigma: number): Channel => ({
  scale: 1 / Math.hypot(1, sigma),
  variance: 1 / (1 + 1 / sigma ** 2),
});

/**
 * The smallest √ᾱ that counts as signal. Division by it multiplies by at most 2⁴⁸, so the sum of the squares of 2²⁴ numbers
 * up to 2⁴ still fits float32, which ends at 2¹²⁸.
 */
const LEAST_SIGNAL = 2 ** -48;

/** Tests if x₀ can be recovered from the signal in float32, which programs compute in. */
export const leavesSignal = ({ scale }: Channel): boolean => scale >= LEAST_SIGNAL;
