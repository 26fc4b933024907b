/**
 * A Gaussian channel, x ↦ α·x + σ·ε with ε ~ N(0, I): one forward step of diffusion, or several merged into one. Numbers on
 * the host, in float64.
 */
export interface Channel {
  readonly alpha: number;
  /** The standard deviation of the noise. Stored apart from α, because 1 - α² loses digits for small noise. */
  readonly sigma: number;
}

/**
 * The channel that does not change x.
 * @example compose(identity, { alpha: 0.8, sigma: 0.6 }) // → { alpha: 0.8, sigma: 0.6 }
 */
export const identity: Channel = { alpha: 1, sigma: 0 };

/**
 * Composes two channels: `first`, then `second`. The sum of two independent Gaussians is a Gaussian, so
 * (α₂, σ₂)∘(α₁, σ₁) = (α₂α₁, √(α₂²σ₁² + σ₂²)).
 * @example
 * const half = { alpha: 0.5, sigma: 0.5 }
 * compose(half, half) // → { alpha: 0.25, sigma: 0.559 }
 */
export const compose = (first: Channel, second: Channel): Channel => ({
  alpha: second.alpha * first.alpha,
  sigma: Math.hypot(second.alpha * first.sigma, second.sigma),
});

/**
 * Channels under {@link compose}, an instance of fp-ts's `Monoid`; not commutative.
 * @example
 * const steps = [{ alpha: 0.5, sigma: 0.5 }, { alpha: 0.5, sigma: 0.5 }]
 * steps.reduce(channelMonoid.concat, channelMonoid.empty) // → { alpha: 0.25, sigma: 0.559 }
 */
export const channelMonoid = { concat: compose, empty: identity };

/**
 * Merges channels, applied in the order of the list: q(x_t|x_0) is the fold of the steps up to t.
 * @example
 * const steps = [{ alpha: 0.8, sigma: 0.6 }, { alpha: 0.75, sigma: 0.6614 }]
 * foldChannels(steps) // → { alpha: 0.6, sigma: 0.8 }
 * foldChannels([]) // → { alpha: 1, sigma: 0 }
 */
export const foldChannels = (channels: readonly Channel[]): Channel =>
  channels.reduce(channelMonoid.concat, channelMonoid.empty);

/**
 * 1 - SNR_t/SNR_s = -expm1(λ_t - λ_s), the fraction of the SNR that is lost from the noise level s = σ_s/α_s to the level t =
 * σ_t/α_t, with λ the log-SNR. The variance of q(x_t|x_s) is σ_t² times this fraction, and the variance of q(x_s|x_t, x_0) is σ_s²
 * times it (Kingma et al. 2021, appendix A). Computed as a product, because a difference of two variances loses digits. 0 if both
 * levels have no noise, or both have no signal.
 */
export const lostSNR = (s: number, t: number): number => {
  if (s === t) return 0;
  return t === Infinity ? 1 : ((t - s) / t) * (1 + s / t);
};

/**
 * The channel from `earlier` to `later`, so that compose(earlier, transition(earlier, later)) = later: q(x_t|x_s) from q(x_s|x_0)
 * and q(x_t|x_0), s ≤ t. It has α = α_t/α_s and σ² = σ_t² - α²·σ_s² (Kingma et al. 2021, appendix A.1), computed as -σ_t²·expm1(λ_t
 * - λ_s) with the log-SNR λ, which does not cancel. `earlier.alpha` must not be 0.
 * @example
 * const earlier = { alpha: 0.8, sigma: 0.6 }
 * transition(earlier, { alpha: 0.6, sigma: 0.8 }) // → { alpha: 0.75, sigma: 0.6614 }
 * transition(earlier, earlier) // → identity
 */
export const transition = (earlier: Channel, later: Channel): Channel => ({
  alpha: later.alpha / earlier.alpha,
  // rounding may give a number below 0
  sigma: later.sigma * Math.sqrt(Math.max(0, lostSNR(sigmaOf(earlier), sigmaOf(later)))),
});

/** The posterior q(x_s|x_t, x_0), a Gaussian with mean x0·x₀ + xt·x_t and deviation `sigma`. */
export interface Posterior {
  readonly x0: number;
  readonly xt: number;
  readonly sigma: number;
}

/**
 * The posterior q(x_s|x_t, x_0) from the prior q(x_s|x_0) and the likelihood q(x_t|x_s), by Bayes' rule. For neighbouring
 * steps it has the μ̃ and β̃ of DDPM (Ho et al. 2020), eq. 7.
 *
 * @param marginal - q(x_t|x_0), if already known; composed from the other two if left out
 * @example
 * const step = { alpha: 0.75, sigma: Math.sqrt(0.4375) }
 * posteriorOf({ alpha: 0.8, sigma: 0.6 }, step) // → { x0: 0.547, xt: 0.422, sigma: 0.496 }
 * posteriorOf(identity, step) // → { x0: 1, xt: 0, sigma: 0 }
 */
export const posteriorOf = (
  prior: Channel,
  likelihood: Channel,
  marginal: Channel = compose(prior, likelihood),
): Posterior =>
  prior.sigma === 0
    ? { x0: prior.alpha, xt: 0, sigma: 0 }
    : {
        x0: prior.alpha * (likelihood.sigma / marginal.sigma) ** 2,
        xt: likelihood.alpha * (prior.sigma / marginal.sigma) ** 2,
        sigma: (likelihood.sigma * prior.sigma) / marginal.sigma,
      };

/**
 * The log-SNR, the logarithm of the signal-to-noise ratio α²/σ² (Kingma et al. 2021, eq. 3); ∞ without noise, -∞ without
 * signal.
 * @example
 * logSNR({ alpha: 0.8, sigma: 0.6 }) // → 0.575
 * logSNR(identity) // → Infinity
 */
export const logSNR = ({ alpha, sigma }: Channel): number => 2 * (Math.log(alpha) - Math.log(sigma));

/**
 * Half of the log-SNR, ln(α/σ): the λ of DPM-Solver (Lu et al. 2022); -∞ without signal, ∞ without noise.
 * @example halfLogSNR({ alpha: 0.6, sigma: 0.8 }) // → Math.log(0.6 / 0.8)
 */
export const halfLogSNR = (channel: Channel): number => logSNR(channel) / 2;

/**
 * The σ of EDM, the noise of x_t/α: σ/α. Infinite without signal.
 * @example sigmaOf({ alpha: 0.6, sigma: 0.8 }) // → 0.8 / 0.6
 */
export const sigmaOf = ({ alpha, sigma }: Channel): number => sigma / alpha;

/** The variance-preserving channel with the noise level σ of {@link sigmaOf}: α = 1/√(1 + σ²). It has no signal if σ is ∞. */
export const channelOfSigma = (sigma: number): Channel => {
  const alpha = 1 / Math.hypot(1, sigma);
  return { alpha, sigma: sigma === Infinity ? 1 : alpha * sigma };
};

/**
 * The smallest √ᾱ that counts as signal. Division by it multiplies by at most 2⁴⁸, so the sum of the squares of 2²⁴ numbers
 * up to 2⁴ still fits float32, which ends at 2¹²⁸.
 */
export const LEAST_SIGNAL = 2 ** -48;

/** Tests if float32, in which programs compute, can recover x₀ from the signal. */
export const leavesSignal = ({ alpha }: Channel): boolean => alpha >= LEAST_SIGNAL;

/** √(α² + σ²): the standard deviation of x_t for data of deviation 1. */
export const normOf = ({ alpha, sigma }: Channel): number => Math.hypot(alpha, sigma);

/** The factor of standard normal noise at the first level of sampling: 1 if the level preserves the variance, else σ. */
export const noiseScale = (channel: Channel): number => (preservesVariance(channel) ? 1 : channel.sigma);

/** Tests if x_t has the variance of data of deviation 1, α² + σ² = 1, up to rounding. */
export const preservesVariance = (channel: Channel): boolean => Math.abs(normOf(channel) - 1) < 2 ** -40;
