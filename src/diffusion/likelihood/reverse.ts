import { add, cast, type Dim, exp, greater, mul, scaleBy, type Shape, type Tensor } from '../../dsl/index.js';
import { type ReverseVariance, reverseVariance } from './reverseVariance.js';
import { overElements } from '../channels/batch.js';
import { checkedCorrection, clipToImage, type Correction, uncorrected } from '../guidance/x0Correction.js';
import type { Exact } from '../../internal/exact.js';
import { functionOf } from '../../internal/decode.js';
import { F } from '../../internal/fp.js';
import { argument, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { type Conditioning, type Denoiser } from '../denoisers/denoiser.js';
import { converted, overNoising } from '../denoisers/overNoising.js';
import type { DiagonalGaussian } from '../channels/gaussians.js';
import { standardDeviation, learnedLogVariance } from '../denoisers/learnedVariance.js';
import { qPosterior } from '../paths/posterior.js';
import type { DiscreteNoising } from '../paths/discreteNoising.js';
import { steered } from '../guidance/steering.js';
import { stepsOf, stepVariances } from './stepVariances.js';
import { entriesAt } from '../channels/entries.js';

/** p_θ(x_{t-1}|x_t), with the corrected x̂₀ from which its mean follows. */
export interface Reverse<S extends Shape> extends DiagonalGaussian<S> {
  readonly x0: Tensor<S>;
}

/** The fields of options of p_θ(x_{t-1}|x_t). */
export const reverseFields = {
  /** σ_t² for a denoiser that does not learn it; the posterior's β̃_t if left out. */
  variance: optional(reverseVariance, 'posterior'),
  /** The correction of x̂₀; {@link clipToImage} if left out. */
  correction: optional(functionOf<Correction>('a correction, such as clipToImage'), clipToImage),
};
const [ofReverse, ofMeanVariance] = [schema('reverseOf', reverseFields), schema('pMeanVariance', reverseFields)];

/** Options of p_θ(x_{t-1}|x_t). */
export interface ReverseOptions extends OptionsOf<typeof ofReverse> {}

const variances = argument('fixedLogVariances: variance', reverseVariance);

/**
 * log σ_t² of the reverse steps if it is not learned, in float64. 'posterior' is log β̃_t, clipped as in
 * {@link clippedLogVariances} ('fixed small' of guided-diffusion). 'beta' is log β_t, except at t = 0, where it is the same
 * as 'posterior' ('fixed large').
 * @example
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * fixedLogVariances(noising, 'posterior') // → [-1.402, -1.402]
 * fixedLogVariances(noising, 'beta') // → [-1.402, -0.827]
 */
export const fixedLogVariances = (noising: DiscreteNoising, variance: ReverseVariance): Float64Array =>
  stepVariances(stepsOf(noising), variances.demand(variance)).fixed;

/** The outputs of a denoiser for p_θ: the prediction, and the variance if learned. */
export interface Predicted<B extends Dim, I extends Shape> {
  readonly prediction: Tensor<[B, ...I]>;
  readonly variance?: Tensor<[B, ...I]>;
}

/**
 * p_θ(x_{t-1}|x_t) from the outputs of a denoiser; the second half of {@link pMeanVariance}. The mean is that of
 * q(x_{t-1}|x_t, x̂₀) (DDPM, Ho et al. 2020, eq. 7), for any parameterization. The variance is fixed or learned: log σ²
 * itself, or the interpolation between log β̃_t and log β_t of this process (Improved DDPM, Nichol & Dhariwal 2021, eq. 15).
 * For a respaced process both belong to the respaced one. Raises `ConfigError` for invalid options.
 *
 * @param denoiser - for its parameterization and its kind of variance; not evaluated
 * @example
 * const black = { predicts: 'x0' as const }
 * const reverse = (p: DiscreteNoising) => reverseOf(p, black)(iota(2), ones(2))({ prediction: zeros(2) })
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * reverse(noising).mean // → [0, 0.422]
 */
export const reverseOf = <P, I extends Shape, G = unknown>(
  noising: DiscreteNoising,
  { predicts, learned }: Pick<Denoiser<P, I>, 'predicts' | 'learned'>,
  options?: Exact<G, keyof ReverseOptions> & ReverseOptions,
) => {
  const { variance, correction } = ofReverse.demand(options);
  const { low, spread, fixed } = stepVariances(stepsOf(noising), variance);
  const toX0 = converted(noising, predicts, 'x0');
  const posterior = qPosterior(noising);
  return <B extends Dim>(t: Tensor<[B], 'int32'>, xt: Tensor<[NoInfer<B>, ...I]>) => {
    const ofTime = (logs: Float64Array) => overElements(xt)(entriesAt(logs)(t));
    const logVarianceOf = (variance: Predicted<B, I>['variance']): Tensor<[B, ...I]> =>
      variance === undefined || learned === undefined
        ? ofTime(fixed)
        : learnedLogVariance(learned.as)(variance, () => ({ low: ofTime(low), spread: ofTime(spread) }));
    return ({ prediction, variance }: Predicted<B, I>): Reverse<[B, ...I]> => {
      const x0 = checkedCorrection(correction)(toX0(t, xt)(prediction));
      return { mean: posterior(t)(x0, xt).mean, logVariance: logVarianceOf(variance), x0 };
    };
  };
};

/**
 * All outputs of a denoiser over a process, for losses: prediction and learned variance, in one evaluation. Not guided.
 * @example
 * const black: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x) }
 * const noising = unwrap(ddpm(cosine(2)))
 * const evaluate = predictionsOf(noising, black)
 * evaluate(null, ones(2), { t: iota(2) }).variance // → undefined
 */
export const predictionsOf = <P, I extends Shape>(noising: DiscreteNoising, denoiser: Denoiser<P, I>) => {
  const { apply, learned } = overNoising(noising)(denoiser);
  return <B extends Dim>(params: P, x: Tensor<[B, ...I]>, at: Conditioning<NoInfer<B>, 'int32'>): Predicted<B, I> =>
    learned === undefined ? { prediction: apply(params, x, at) } : learned.apply(params, x, at);
};

/**
 * Mean and log-variance of p_θ(x_{t-1}|x_t), and its x̂₀, all `[B, ...I]`, in one evaluation of the denoiser. Guidance on the
 * score moves x̂₀, and guidance on the mean moves the mean by Σ·s·∇ log p(y|x_t) (Dhariwal & Nichol 2021, Algorithms 2 and
 * 1). The variance is not guided. Raises `ConfigError` for invalid options. See {@link reverseOf}.
 *
 * - `xt`: `[B, ...I]`; `t` of `at`: `[B]`, of the process
 * @example
 * const black: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x) }
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const reverse = pMeanVariance(noising, black)(null, ones(2), { t: iota(2) })
 * reverse.mean // → [0, 0.422]
 * reverse.logVariance // → [-1.402, -1.402]
 */
export const pMeanVariance = <P, I extends Shape, G = unknown>(
  noising: DiscreteNoising,
  denoiser: Denoiser<P, I>,
  options?: Exact<G, keyof ReverseOptions> & ReverseOptions,
) => {
  const { variance, correction } = ofMeanVariance.demand(options);
  const seesX0 = F.pipe(denoiser, overNoising(noising), steered(noising, { correction }));
  const { apply, learned, guides } = seesX0;
  const reverse = reverseOf(noising, seesX0, { variance, correction: uncorrected });
  const variances = entriesAt(stepVariances(stepsOf(noising), variance).sigmaSquared);
  return <B extends Dim>(
    params: P,
    xt: Tensor<[B, ...I]>,
    at: Conditioning<NoInfer<B>, 'int32'>,
  ): Reverse<[B, ...I]> => {
    const prediction = apply(params, xt, at);
    // the same network: the compiler merges the common part of the two evaluations
    const outputs = learned ? { prediction, variance: learned.apply(params, xt, at).variance } : { prediction };
    const result = reverse(at.t, xt)(outputs);
    if (guides?.mean === undefined) return result;
    const { mean, logVariance } = result;
    const sigmaSquared = learned ? exp(logVariance) : overElements(xt)(variances(at.t));
    return { ...result, mean: add(mean, mul(sigmaSquared, guides.mean(params, xt, at, mean))) };
  };
};

/**
 * Samples x_{t-1} from p_θ(x_{t-1}|x_t): mean + σ·z, and at t = 0 only the mean. DDPM (Ho et al. 2020), Algorithm 2, lines 3
 * and 4. The samples of a batch may have different timesteps.
 *
 * - `noise`: z ~ N(0, I), `[B, ...I]`, like x_t
 * @example
 * const black: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x) }
 * const step = (p: DiscreteNoising) => pSample(p, black)(null, ones(2), { t: iota(2) }, ones(2))
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * step(noising) // → [0, 0.918]
 */
export const pSample = <P, I extends Shape, G = unknown>(
  noising: DiscreteNoising,
  denoiser: Denoiser<P, I>,
  options?: Exact<G, keyof ReverseOptions> & ReverseOptions,
) => {
  const reverse = pMeanVariance(noising, denoiser, options);
  return <B extends Dim>(
    params: P,
    xt: Tensor<[B, ...I]>,
    at: Conditioning<NoInfer<B>, 'int32'>,
    noise: NoInfer<Tensor<[B, ...I]>>,
  ): Tensor<[B, ...I]> => {
    const { mean, logVariance } = reverse(params, xt, at);
    const noisy = scaleBy(noise, cast(greater(at.t, 0), 'float32'));
    return add(mean, mul(noisy, standardDeviation(logVariance)));
  };
};
