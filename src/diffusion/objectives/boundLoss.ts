import { add, meanPerSample, mul, raise, type Shape, square, stopGradient, sub } from '../../dsl/index.js';
import { orRaise } from '../../internal/errors.js';
import { optionsOf } from '../../internal/options.js';
import { amount, exactly } from '../../internal/decode.js';
import { type ReverseVariance, reverseVariance } from '../reverse/reverseVariance.js';
import { boundTerm } from '../likelihood/variationalBound.js';
import { uncorrected } from '../reverse/x0Correction.js';
import type { Denoiser } from '../denoiser/denoiser.js';
import { type Losses, targetOf } from './loss.js';
import { lossFields, type LossOptions, noisedBatch } from './noisedBatch.js';
import type { Process } from '../process/process.js';
import { predictionsOf, reverseOf } from '../reverse/reverse.js';

/** How the bound becomes a loss. */
export interface BoundLossOptions extends LossOptions {
  /** σ_t² of a denoiser that does not learn it; the posterior's β̃_t if left out. */
  readonly variance?: ReverseVariance;
}

const boundOptions = optionsOf<BoundLossOptions>({
  where: 'boundLosses',
  options: exactly({}, { ...lossFields, variance: reverseVariance }),
  hint: "'posterior' is β̃ of the steps, 'beta' their β",
});

/**
 * The term of the variational bound at a drawn t, in bits per dimension: raw 'KL'. Its mean over t is the bound, but
 * for L_T, divided by T. Mean and variance both learn from it; x̂₀ is not clipped. See {@link boundTerm}.
 * @example
 * const white: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const losses = (process: Process) =>
 *   program({ x0: 'B', k: 'key' }, ({ x0, k }) => boundLosses(process, white)(null, x0, k).losses)
 * await pipe(
 *   RTE.fromEither(ddpm(cosine(1000))),
 *   RTE.flatMap((process) => evaluate(losses(process), { B: 1 })({ x0: Float32Array.of(1), k: key(7) })),
 *   using(reference()),
 * )() // → E.right([0])
 */
export const boundLosses = <P, I extends Shape>(
  process: Process,
  denoiser: Denoiser<P, I>,
  options: BoundLossOptions = {},
): Losses<P, I> => {
  const given = boundOptions(options);
  const predictions = predictionsOf(process, denoiser);
  const term = boundTerm(process);
  return (params, x0, key, ...told) => {
    const { variance = 'posterior', ...drawing } = orRaise(given);
    const reverse = reverseOf(process, denoiser, { variance, correction: uncorrected });
    const noised = noisedBatch(process, denoiser, drawing);
    const { xt, at } = noised(x0, key, ...told);
    return { losses: term(at.t, x0, xt)(reverse(at.t, xt)(predictions(params, xt, at))), t: at.t };
  };
};

/**
 * 'Rescaled KL': T times {@link boundLosses}, whose mean over uniform t is the bound itself but for L_T. L_vlb of
 * Improved DDPM (Nichol & Dhariwal 2021), eq. 4.
 * @example
 * const white: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const losses = (process: Process) =>
 *   program({ x0: 'B', k: 'key' }, ({ x0, k }) => rescaledBoundLosses(process, white)(null, x0, k).losses)
 * await pipe(
 *   RTE.fromEither(ddpm(cosine(1000))),
 *   RTE.flatMap((process) => evaluate(losses(process), { B: 1 })({ x0: Float32Array.of(1), k: key(7) })),
 *   using(reference()),
 * )() // → E.right([0])
 */
export const rescaledBoundLosses = <P, I extends Shape>(
  process: Process,
  denoiser: Denoiser<P, I>,
  options: BoundLossOptions = {},
): Losses<P, I> => {
  const raw = boundLosses(process, denoiser, options);
  return (params, x0, key, ...told) => {
    const { losses, t } = raw(params, x0, key, ...told);
    return { losses: mul(losses, process.schedule.T), t };
  };
};

/** How much of the bound a hybrid loss takes. */
export interface HybridOptions extends LossOptions {
  /**
   * λ of L_simple + λ·L_vlb; 0.001 if left out, as in the paper, which is 'rescaled MSE' of guided-diffusion; 1/T is
   * its raw 'MSE', where the variance is learned.
   */
  readonly lambda?: number;
}

const hybridOptions = optionsOf<HybridOptions>({
  where: 'hybridLosses',
  options: exactly({}, { ...lossFields, lambda: amount }),
  hint: '0.001 is the λ of the paper',
});

/**
 * The hybrid loss of Improved DDPM (Nichol & Dhariwal 2021, eq. 16), of each sample: the squared error of
 * {@link simpleLosses}, and λ·T times the term of the bound, in bits per dimension, at the same t, where the
 * prediction is detached: the mean learns from the first, the variance from the second. One evaluation for both.
 *
 * A denoiser that does not learn its variance, or a λ that is not finite or negative, is a `ConfigError`, raised when the program is traced.
 * @example
 * const model = learningVariance<null, []>({
 *   predicts: 'x0',
 *   as: 'range',
 *   apply: (_, x) => ({ prediction: onesLike(x), variance: fullLike(x, -1) }), // β̃, which is right if x̂₀ is
 * })
 * const losses = (process: Process) =>
 *   program({ x0: 'B', k: 'key' }, ({ x0, k }) => hybridLosses(process, model)(null, x0, k).losses)
 * await pipe(
 *   RTE.fromEither(ddpm(cosine(1000))),
 *   RTE.flatMap((process) => evaluate(losses(process), { B: 1 })({ x0: Float32Array.of(1), k: key(7) })),
 *   using(reference()),
 * )() // → E.right([0])
 */
export const hybridLosses = <P, I extends Shape>(
  process: Process,
  denoiser: Denoiser<P, I>,
  options: HybridOptions = {},
): Losses<P, I> => {
  const given = hybridOptions(options);
  const predictions = predictionsOf(process, denoiser);
  const reverse = reverseOf(process, denoiser, { correction: uncorrected });
  const wanted = targetOf(process, denoiser.predicts);
  const term = boundTerm(process);
  return (params, x0, key, ...told) => {
    const { lambda = 1e-3, ...drawing } = orRaise(given);
    const noised = noisedBatch(process, denoiser, drawing);
    const { xt, noise, at } = noised(x0, key, ...told);
    const { prediction, variance = unlearned() } = predictions(params, xt, at);
    const mse = meanPerSample(square(sub(prediction, wanted(at.t)(x0, noise))));
    const detached = { prediction: stopGradient(prediction), variance };
    const bits = term(at.t, x0, xt)(reverse(at.t, xt)(detached));
    return { losses: add(mse, mul(bits, lambda * process.schedule.T)), t: at.t };
  };
};

const unlearned = (): never =>
  raise('ConfigError', {
    where: 'hybridLosses',
    expected: 'a denoiser that learns its variance',
    actual: 'one that does not',
    hint: 'make it with learningVariance, or descend the simple loss',
  });
