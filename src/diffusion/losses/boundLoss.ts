import { add, meanPerSample, mul, type Shape, square, stopGradient, sub } from '../../dsl/index.js';
import { amount, hinted } from '../../internal/decode.js';
import { type NoisefoldError, orRaise, raise } from '../../internal/errors.js';
import type { Exact } from '../../internal/exact.js';
import type { either } from '../../internal/fp.js';
import { type FilledOf, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { demanding } from '../../internal/takes.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { uncorrected } from '../guidance/x0Correction.js';
import type { DiscreteNoising } from '../levels/discreteNoising.js';
import { wholeTimesteps } from '../levels/discretePath.js';
import { isDiscrete, type Noising, requireDiscrete, withoutEnds } from '../levels/noising.js';
import type { ContinuousNoising } from '../levels/path.js';
import { bitsPerDimension } from '../likelihood/bitsPerDimension.js';
import { boundRateAt } from '../likelihood/continuousBound.js';
import { cdfFields } from '../likelihood/discretizedGaussian.js';
import { predictionsOf, reverseOf } from '../likelihood/reverse.js';
import { reverseVariance } from '../likelihood/reverseVariance.js';
import { boundTerm } from '../likelihood/variationalBound.js';
import { denoiserPart, noisingPart } from '../parts.js';
import { type Losses, predictionErrors, targetOf } from './loss.js';
import { drawnBatch, lossFields } from './noisedBatch.js';
import { snrWeight } from './weighting.js';

const boundOptions = schema('boundLosses', {
  ...lossFields,
  /** σ_t² for a denoiser that does not learn it; the posterior's β̃_t if left out. */
  variance: optional(reverseVariance, 'posterior'),
  ...cdfFields,
});

/** Options of {@link boundLosses}. */
export interface BoundLossOptions extends OptionsOf<typeof boundOptions> {}

/** The density of the diffusion term over the time of a path over [0, 1]. Its prior and its decoder have no parameters. */
const lossesAlong = <P, I extends Shape>(
  noising: ContinuousNoising,
  denoiser: Denoiser<P, I>,
  settings: either.Either<NoisefoldError, FilledOf<typeof boundOptions>>,
): Losses<P, I> => {
  if (noising.time === 'sigma')
    raise('ConfigError', withoutEnds('boundLosses', noising, 'take trigonometric(), on which the bound is the same'));
  return (params, inputs) => {
    const { labelDropout, times } = orRaise(settings);
    const { error, t } = predictionErrors(noising, denoiser, { labelDropout, times })(params, inputs);
    const rate = boundRateAt(denoiser.predicts, noising.levels(t));
    return { losses: mul(bitsPerDimension(square(error)), rate), t };
  };
};

/** The term of the bound at a timestep. */
const lossesAt = <P, I extends Shape>(
  noising: DiscreteNoising,
  denoiser: Denoiser<P, I>,
  settings: either.Either<NoisefoldError, FilledOf<typeof boundOptions>>,
): Losses<P, I> => {
  const noised = drawnBatch(noising, denoiser, settings);
  const predictions = predictionsOf(noising, denoiser);
  return (params, inputs) => {
    const { variance, cdf } = orRaise(settings);
    const term = boundTerm(noising, { cdf });
    const reverse = reverseOf(noising, denoiser, { variance, correction: uncorrected });
    const { xt, at } = noised(inputs);
    const t = wholeTimesteps(at.t);
    return { losses: term(t, inputs.x0, xt)(reverse(t, xt)(predictions(params, xt, { ...at, t }))), t };
  };
};

const termLosses = demanding(
  'boundLosses',
  { noising: noisingPart, denoiser: denoiserPart },
  <P, I extends Shape, G = unknown>(
    noising: Noising,
    denoiser: Denoiser<P, I>,
    options?: Exact<G, keyof BoundLossOptions> & BoundLossOptions,
  ): Losses<P, I> => {
    const settings = boundOptions.decode(options);
    return isDiscrete(noising) ? lossesAt(noising, denoiser, settings) : lossesAlong(noising, denoiser, settings);
  },
);

/**
 * The term of the variational bound at a drawn t, in bits per dimension: 'KL' of guided-diffusion. Its mean over t is the
 * bound without L_T, divided by T. Trains both mean and variance; x̂₀ is not clipped. See {@link boundTerm}.
 *
 * On a continuous path over [0, 1] it is the loss of Variational Diffusion Models (Kingma et al. 2021, eq. 16 and 17),
 * -½·dSNR/dt·‖x₀ - x̂₀‖² = -½·dλ/dt·‖ε - ε̂‖², whose mean over uniform t is the part of the bound that has parameters. Near the
 * ends of a path λ changes fast, so draw the times by {@link logSNRTimes}. A variance is not trained. A path of σ, which has no
 * uniform times, is a `ConfigError`.
 * @example
 * const white: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const losses = program({ x0: 'B', k: 'key' }, ({ x0, k }) => boundLosses(noising, white)(null, { x0, key: k }).losses)
 * await using nf = await open(reference())
 * await nf.run(evaluate(losses, { B: 1 })({ x0: Float32Array.of(1), k: key(7) })) // → [0]
 * // -½·dSNR/dt is (1/t - 1)/t²
 * const half = { x0: zeros(1), t: constantOf([0.5], 1), noise: zeros(1) }
 * boundLosses(rectifiedFlow(), white)(null, half).losses // → [4 / Math.LN2]
 */
export const boundLosses = /* @__PURE__ */ Object.assign(termLosses, { weighting: snrWeight });

const rescaledLosses = demanding(
  'rescaledBoundLosses',
  { noising: noisingPart, denoiser: denoiserPart },
  <P, I extends Shape, G = unknown>(
    noising: Noising,
    denoiser: Denoiser<P, I>,
    options?: Exact<G, keyof BoundLossOptions> & BoundLossOptions,
  ): Losses<P, I> => {
    const raw = boundLosses(noising, denoiser, options);
    return (params, inputs) => {
      const { losses, t } = raw(params, inputs);
      return { losses: isDiscrete(noising) ? mul(losses, noising.schedule.T) : losses, t };
    };
  },
);

/**
 * T times {@link boundLosses}: 'rescaled KL' of guided-diffusion. Its mean over uniform t is the bound without L_T: L_vlb of
 * Improved DDPM (Nichol & Dhariwal 2021), eq. 4. On a continuous path {@link boundLosses} has this mean already, and is the same.
 * @example
 * const white: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const losses = program({ x0: 'B', k: 'key' }, ({ x0, k }) => rescaledBoundLosses(noising, white)(null, { x0, key: k }).losses)
 * await using nf = await open(reference())
 * await nf.run(evaluate(losses, { B: 1 })({ x0: Float32Array.of(1), k: key(7) })) // → [0]
 */
export const rescaledBoundLosses = /* @__PURE__ */ Object.assign(rescaledLosses, { weighting: snrWeight });

const hybridOptions = schema('hybridLosses', {
  ...lossFields,
  /**
   * λ of L_simple + λ·L_vlb. 0.001 if left out, as in the paper and in 'rescaled MSE' of guided-diffusion. 1/T is its 'MSE'
   * with a learned variance.
   */
  lambda: optional(hinted(amount, 'the paper uses a λ of 0.001'), 1e-3),
  ...cdfFields,
});

/** Options of {@link hybridLosses}. */
export interface HybridOptions extends OptionsOf<typeof hybridOptions> {}

/**
 * The hybrid loss of Improved DDPM (Nichol & Dhariwal 2021, eq. 16), of each sample: the squared error of
 * {@link simpleLosses} plus λ·T times the term of the bound, in bits per dimension, at the same t. The gradient of the
 * second stops at the prediction, so it trains only the variance. One evaluation for both.
 *
 * Raises `ConfigError` for a denoiser that does not learn its variance, and for a λ that is negative or not finite, when the
 * program is traced.
 * @example
 * const model = learningVariance<null, []>({
 *   predicts: 'x0',
 *   as: 'range',
 *   apply: (_, x) => ({ prediction: onesLike(x), variance: fullLike(x, -1) }), // β̃, which is optimal for an exact x̂₀
 * })
 * const noising = unwrap(ddpm(cosine(1000)))
 * const losses = program({ x0: 'B', k: 'key' }, ({ x0, k }) => hybridLosses(noising, model)(null, { x0, key: k }).losses)
 * await using nf = await open(reference())
 * await nf.run(evaluate(losses, { B: 1 })({ x0: Float32Array.of(1), k: key(7) })) // → [0]
 */
export const hybridLosses = demanding(
  'hybridLosses',
  { noising: noisingPart, denoiser: denoiserPart },
  <P, I extends Shape, G = unknown>(
    noising: Noising,
    denoiser: Denoiser<P, I>,
    options?: Exact<G, keyof HybridOptions> & HybridOptions,
  ): Losses<P, I> => {
    const settings = hybridOptions.decode(options);
    const steps = requireDiscrete('hybridLosses', noising);
    const noised = drawnBatch(steps, denoiser, settings);
    const predictions = predictionsOf(steps, denoiser);
    const reverse = reverseOf(steps, denoiser, { correction: uncorrected });
    const target = targetOf(steps, denoiser.predicts);
    return (params, inputs) => {
      const { lambda, cdf } = orRaise(settings);
      const term = boundTerm(steps, { cdf });
      const { x0 } = inputs;
      const { xt, noise, at } = noised(inputs);
      const t = wholeTimesteps(at.t);
      const { prediction, variance = unlearned() } = predictions(params, xt, { ...at, t });
      const mse = meanPerSample(square(sub(prediction, target(t)(x0, noise))));
      const detached = { prediction: stopGradient(prediction), variance };
      const bits = term(t, x0, xt)(reverse(t, xt)(detached));
      return { losses: add(mse, mul(bits, lambda * steps.schedule.T)), t };
    };
  },
);

const unlearned = (): never =>
  raise('ConfigError', {
    where: 'hybridLosses',
    expected: 'a denoiser that learns its variance',
    actual: 'one with a fixed variance',
    hint: 'make it with learningVariance, or use the simple loss',
  });
