import { add, meanPerSample, mul, type Shape, square, stopGradient, sub } from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { orRaise, raise } from '../../internal/errors.js';
import { amount, hinted } from '../../internal/decode.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { reverseVariance } from '../likelihood/reverseVariance.js';
import { cdfFields } from '../likelihood/discretizedGaussian.js';
import { boundTerm } from '../likelihood/variationalBound.js';
import { uncorrected } from '../guidance/x0Correction.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { type Losses, targetOf } from './loss.js';
import { drawnBatch, lossFields } from './noisedBatch.js';
import { type Noising, requireDiscrete } from '../levels/noising.js';
import { wholeTimesteps } from '../levels/discretePath.js';
import { predictionsOf, reverseOf } from '../likelihood/reverse.js';
import { demanding } from '../../internal/takes.js';
import { denoiserPart, noisingPart } from '../parts.js';

const boundOptions = schema('boundLosses', {
  ...lossFields,
  /** σ_t² for a denoiser that does not learn it; the posterior's β̃_t if left out. */
  variance: optional(reverseVariance, 'posterior'),
  ...cdfFields,
});

/** Options of {@link boundLosses}. */
export interface BoundLossOptions extends OptionsOf<typeof boundOptions> {}

/**
 * The term of the variational bound at a drawn t, in bits per dimension: 'KL' of guided-diffusion. Its mean over t is the
 * bound without L_T, divided by T. Trains both mean and variance; x̂₀ is not clipped. See {@link boundTerm}.
 * @example
 * const white: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const losses = program({ x0: 'B', k: 'key' }, ({ x0, k }) => boundLosses(noising, white)(null, { x0, key: k }).losses)
 * await using nf = await open(reference())
 * await nf.run(evaluate(losses, { B: 1 })({ x0: Float32Array.of(1), k: key(7) })) // → [0]
 */
export const boundLosses = demanding(
  'boundLosses',
  { noising: noisingPart, denoiser: denoiserPart },
  <P, I extends Shape, G = unknown>(
    noising: Noising,
    denoiser: Denoiser<P, I>,
    options?: Exact<G, keyof BoundLossOptions> & BoundLossOptions,
  ): Losses<P, I> => {
    const given = boundOptions.decode(options);
    const steps = requireDiscrete('boundLosses', noising);
    const noised = drawnBatch(steps, denoiser, given);
    const predictions = predictionsOf(steps, denoiser);
    return (params, inputs) => {
      const { variance, cdf } = orRaise(given);
      const term = boundTerm(steps, { cdf });
      const reverse = reverseOf(steps, denoiser, { variance, correction: uncorrected });
      const { xt, at } = noised(inputs);
      const t = wholeTimesteps(at.t);
      return { losses: term(t, inputs.x0, xt)(reverse(t, xt)(predictions(params, xt, { ...at, t }))), t };
    };
  },
);

/**
 * T times {@link boundLosses}: 'rescaled KL' of guided-diffusion. Its mean over uniform t is the bound without L_T: L_vlb of
 * Improved DDPM (Nichol & Dhariwal 2021), eq. 4.
 * @example
 * const white: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const losses = program({ x0: 'B', k: 'key' }, ({ x0, k }) => rescaledBoundLosses(noising, white)(null, { x0, key: k }).losses)
 * await using nf = await open(reference())
 * await nf.run(evaluate(losses, { B: 1 })({ x0: Float32Array.of(1), k: key(7) })) // → [0]
 */
export const rescaledBoundLosses = demanding(
  'rescaledBoundLosses',
  { noising: noisingPart, denoiser: denoiserPart },
  <P, I extends Shape, G = unknown>(
    noising: Noising,
    denoiser: Denoiser<P, I>,
    options?: Exact<G, keyof BoundLossOptions> & BoundLossOptions,
  ): Losses<P, I> => {
    const { schedule } = requireDiscrete('rescaledBoundLosses', noising);
    const raw = boundLosses(noising, denoiser, options);
    return (params, inputs) => {
      const { losses, t } = raw(params, inputs);
      return { losses: mul(losses, schedule.T), t };
    };
  },
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
    const given = hybridOptions.decode(options);
    const steps = requireDiscrete('hybridLosses', noising);
    const noised = drawnBatch(steps, denoiser, given);
    const predictions = predictionsOf(steps, denoiser);
    const reverse = reverseOf(steps, denoiser, { correction: uncorrected });
    const target = targetOf(steps, denoiser.predicts);
    return (params, inputs) => {
      const { lambda, cdf } = orRaise(given);
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
