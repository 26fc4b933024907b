import { add, meanPerSample, mul, type Shape, square, stopGradient, sub } from '../../dsl/index.js';
import { amount, hinted } from '../../internal/decode.js';
import { raise } from '../../internal/errors.js';
import { type FilledOf, optional, type OptionsOf, schema } from '../../internal/schema.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { overNoising } from '../denoisers/overNoising.js';
import { uncorrected } from '../guidance/x0Correction.js';
import type { DiscreteNoising } from '../paths/discreteNoising.js';
import { wholeTimesteps } from '../paths/discretePath.js';
import { isDiscrete, requireDiscrete, withoutEnds } from '../paths/noising.js';
import type { ContinuousNoising } from '../paths/path.js';
import { bitsPerDimension } from '../likelihood/bitsPerDimension.js';
import { boundRateAt } from '../likelihood/continuousBound.js';
import { cdfFields } from '../likelihood/discretizedGaussian.js';
import { predictionsOf, reverseOf } from '../likelihood/reverse.js';
import { reverseVariance } from '../likelihood/reverseVariance.js';
import { boundTerm } from '../likelihood/variationalBound.js';
import { type Losses, objective } from './objective.js';
import { predictionErrors, targetOf } from './loss.js';
import { lossFields } from './lossInputs.js';
import { noisedBatch } from './loss.js';
import { snrWeight } from './weighting.js';

const boundOptions = schema('boundLosses', {
  ...lossFields,
  /** σ_t² for a denoiser that does not learn it; the posterior's β̃_t if left out. */
  variance: optional(reverseVariance, 'posterior'),
  ...cdfFields,
});

/** Options of {@link boundLosses}. */
export interface BoundLossOptions extends OptionsOf<typeof boundOptions> {}

type Settings = FilledOf<typeof boundOptions>;

/** The density of the diffusion term over time, on a path over [0, 1]. The prior and decoder terms of the bound have no parameters. */
const lossesAlong = <P, I extends Shape>(
  noising: ContinuousNoising,
  denoiser: Denoiser<P, I>,
  { conditionDropout, times }: Settings,
): Losses<P, I> => {
  if (noising.time === 'sigma')
    raise('ConfigError', withoutEnds('boundLosses', noising, 'take trigonometric(), on which the bound is the same'));
  const errors = predictionErrors(noising, denoiser, { conditionDropout, times });
  return (params, inputs) => {
    const { error, t } = errors(params, inputs);
    const rate = boundRateAt(denoiser.predicts, noising.levels(t));
    return { losses: mul(bitsPerDimension(square(error)), rate), t };
  };
};

/** The term of the bound at a timestep. */
const lossesAt = <P, I extends Shape>(
  noising: DiscreteNoising,
  denoiser: Denoiser<P, I>,
  { conditionDropout, times, variance, cdf }: Settings,
): Losses<P, I> => {
  const noised = noisedBatch(noising, denoiser, { conditionDropout, times });
  const predictions = predictionsOf(noising, denoiser);
  const reverse = reverseOf(noising, denoiser, { variance, correction: uncorrected });
  const term = boundTerm(noising, { cdf });
  return (params, inputs) => {
    const { xt, at } = noised(inputs);
    const t = wholeTimesteps(at.t);
    return { losses: term(t, inputs.x0, xt)(reverse(t, xt)(predictions(params, xt, { ...at, t }))), t };
  };
};

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
export const boundLosses = /* @__PURE__ */ objective<BoundLossOptions>(
  'boundLosses',
  (noising, denoiser, options) => {
    const settings = boundOptions.demand(options);
    return isDiscrete(noising) ? lossesAt(noising, denoiser, settings) : lossesAlong(noising, denoiser, settings);
  },
  { weighting: snrWeight },
);

/**
 * T times {@link boundLosses}: 'rescaled KL' of guided-diffusion. Its mean over uniform t is the bound without L_T: L_vlb of
 * Improved DDPM (Nichol & Dhariwal 2021), eq. 4. On a continuous path {@link boundLosses} already has this mean, so both are equal.
 * @example
 * const white: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const losses = program({ x0: 'B', k: 'key' }, ({ x0, k }) => rescaledBoundLosses(noising, white)(null, { x0, key: k }).losses)
 * await using nf = await open(reference())
 * await nf.run(evaluate(losses, { B: 1 })({ x0: Float32Array.of(1), k: key(7) })) // → [0]
 */
export const rescaledBoundLosses = /* @__PURE__ */ objective<BoundLossOptions>(
  'rescaledBoundLosses',
  (noising, denoiser, options) => {
    const raw = boundLosses(noising, denoiser, options);
    if (!isDiscrete(noising)) return raw;
    return (params, inputs) => {
      const { losses, t } = raw(params, inputs);
      return { losses: mul(losses, noising.schedule.T), t };
    };
  },
  { weighting: snrWeight },
);

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
 * Raises `ConfigError` for a denoiser that does not learn its variance, and for a λ that is negative or not finite.
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
export const hybridLosses = /* @__PURE__ */ objective<HybridOptions>('hybridLosses', (noising, denoiser, options) => {
  const { conditionDropout, times, lambda, cdf } = hybridOptions.demand(options);
  const steps = requireDiscrete('hybridLosses', noising);
  const { learned } = overNoising(steps)(denoiser);
  if (learned === undefined)
    return raise('ConfigError', {
      where: 'hybridLosses',
      expected: 'a denoiser that learns its variance',
      actual: 'a denoiser with a fixed variance',
      hint: 'make it with learningVariance, or use the simple loss',
    });
  const noised = noisedBatch(steps, denoiser, { conditionDropout, times });
  const reverse = reverseOf(steps, denoiser, { correction: uncorrected });
  const target = targetOf(steps, denoiser.predicts);
  const term = boundTerm(steps, { cdf });
  return (params, inputs) => {
    const { x0 } = inputs;
    const { xt, noise, at } = noised(inputs);
    const t = wholeTimesteps(at.t);
    const { prediction, variance } = learned.apply(params, xt, { ...at, t });
    const mse = meanPerSample(square(sub(prediction, target(t)(x0, noise))));
    const bits = term(t, x0, xt)(reverse(t, xt)({ prediction: stopGradient(prediction), variance }));
    return { losses: add(mse, mul(bits, lambda * steps.schedule.T)), t };
  };
});
