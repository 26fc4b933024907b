import { type Dim, exp, gather, mul, scaleBy, type Shape, table, type Tensor } from '../dsl/index.js';
import { optionsOf } from '../internal/options.js';
import { exactly } from '../internal/decode.js';
import { E, F, t } from '../internal/fp.js';
import { type ReverseVariance, reverseVariance } from './reverseVariance.js';
import { overElements } from './batch.js';
import type { Conditioning, Denoiser } from './denoiser.js';
import { type Guide, gradientOf, withGuide } from './guide.js';
import type { Guidance } from './guidance.js';
import { leavesSignal } from './lambda.js';
import { saidLogVariance } from './learnedVariance.js';
import { clippedLogVariances, qPosterior } from './posterior.js';
import type { Process } from './process.js';
import { fixedLogVariances } from './reverse.js';
import { column } from './table.js';

/** Steers by a guide, whose parameters are a member `guide` beside those of the denoiser: see {@link overParams}. */
export type ClassifierGuidance<Q, J extends Shape> = Guidance<{ readonly guide: Q }, J>;

/** How far x̂₀ moves along the gradient, at each place of a process: not at all where no signal is left, and so none of the class. */
const along = (process: Process, scale: number, move: (t: number) => number): Tensor<[Dim]> =>
  table(process.marginals.map((marginal, t) => (leavesSignal(marginal) ? scale * move(t) : 0)));

/**
 * Classifier guidance on the score: Algorithm 2 of Dhariwal & Nichol 2021, ε̂ - scale·√(1-ᾱ_t)·∇ log p(y|x_t),
 * for any solver and any parameterization: x̂₀ moves by scale·(1-ᾱ_t)/√ᾱ_t times the gradient. With a scale of 1 and exact
 * parts it is the denoiser of the class alone (Bayes' rule on scores); more sharpens it.
 *
 * - `process`: the one the timesteps of which denoiser and guide know
 * - `guide`: a classifier; or a gradient of one's own, of an energy for one
 *
 * The denoiser may have no classes: it is the classifier that hears of them. x̂₀ moves after the sampler's correction, as
 * in the published code: see {@link steered}. A scale that is not finite, a denoiser of another number of classes than the
 * classifier, and sampling by a classifier without labels are `ConfigError`s.
 * @example
 * const tilted: Classifier<null, []> = {
 *   classes: 2,
 *   apply: (_, x) => pipe(x, expandDims(1), matmul(constantOf([0, 2], 1, 2))), // log-odds 2·x of class 1
 * }
 * const silent: Denoiser<{ guide: null }, []> = { predicts: 'epsilon', apply: (_, x) => zerosLike(x) }
 * pipe(
 *   ddpm(scheduleFromBetas([0.36])),
 *   E.flatMap((process) =>
 *     pipe(silent, classifierGuided(process, tilted, 1), E.map(steered(process)), E.map(reparameterize(process, 'epsilon'))),
 *   ),
 *   E.map(({ apply }) => apply({ guide: null }, zeros(1), { t: iota(1), label: fullLike(iota(1), 1) })),
 * ) // → E.right([-0.6 * 2 * 0.5])
 */
export const classifierGuided =
  <Q, J extends Shape>(process: Process, guide: Guide<Q, J>, scale: number): ClassifierGuidance<Q, J> =>
  <P extends { readonly guide: Q }, I extends J>(denoiser: Denoiser<P, I>) => {
    const where = 'classifierGuided';
    const gradient = gradientOf(where, guide);
    const { marginals } = process;
    const weights = along(process, scale, (t) => marginals[t]!.variance / marginals[t]!.scale);
    return withGuide<P, Q, J, I>(where, guide, scale, denoiser, (params, x, at) =>
      scaleBy(gradient(params, x, at), gather(weights, at.t)),
    );
  };

/** Where the gradient of {@link meanGuided} is taken: at μ, as the paper derives it; or at x_t, as its code does. */
export type GradientPlace = 'mean' | 'xt';

/** How the mean is guided. */
export interface MeanGuidanceOptions {
  /** 'mean' (Dhariwal & Nichol 2021, eq. 10: at μ) if left out. */
  readonly gradientAt?: GradientPlace;
  /** Σ of a denoiser that does not learn it; the posterior's β̃_t if left out. The solver's has to be the same. */
  readonly variance?: ReverseVariance;
}

const meanOptions = optionsOf<MeanGuidanceOptions>({
  where: 'meanGuided',
  options: exactly(
    {},
    {
      gradientAt: t.keyof({ mean: null, xt: null }, "a place, 'mean' or 'xt'"),
      variance: reverseVariance,
    },
  ),
  hint: "{} is Algorithm 1 with the posterior's variance",
});

/** The place in a process of each timestep that its network knows. */
const placesOf = ({ timesteps }: Process): Int32Array => {
  const places = new Int32Array(timesteps.at(-1)! + 1);
  timesteps.forEach((t, place) => {
    places[t] = place;
  });
  return places;
};

/** Σ of p_θ(x_{t-1}|x_t) by the places of a process, of the shape of x: fixed, or what the denoiser says. */
const sigmaSquared = <P, I extends Shape>(process: Process, { learned }: Denoiser<P, I>, variance: ReverseVariance) => {
  // the last step of Algorithm 1 draws nothing where Σ is the posterior's: there it is 0, and its logarithm is not asked
  const fixed = table(
    variance === 'posterior'
      ? column(process.posteriors, (posterior) => posterior.variance)
      : fixedLogVariances(process, 'beta').map(Math.exp),
  );
  const [low, high] = [table(clippedLogVariances(process)), table(process.schedule.betas.map(Math.log))];
  return <B extends Dim>(place: Tensor<[B], 'int32'>) =>
    (params: P, x: Tensor<[B, ...I]>, at: Conditioning<NoInfer<B>>): Tensor<[B, ...I]> => {
      const ofPlace = (numbers: Tensor<[Dim]>) => overElements(x)(gather(numbers, place));
      return learned === undefined
        ? ofPlace(fixed)
        : exp(
            saidLogVariance(learned.as)(learned.apply(params, x, at).variance, () => ({
              low: ofPlace(low),
              high: ofPlace(high),
            })),
          );
    };
};

/**
 * Classifier guidance on the mean: Algorithm 1 of Dhariwal & Nichol 2021, N(μ + scale·Σ·∇ log p(y|x), Σ), as an x̂₀
 * from which ancestral sampling comes to that mean. It is for {@link ancestral} over each step of `process`, with the
 * same variance: a sampler with anything else refuses it, as another step has another Σ.
 *
 * - `process`: that of the sampler; for fewer steps {@link respace} it
 * - `guide`: a classifier, or a gradient of one's own, as {@link classifierGuided} takes them
 *
 * The sampler's correction is of the μ that is guided, and x̂₀ moves after it: see {@link steered}. A scale that is not
 * finite, options that are none, a denoiser of another number of classes than the classifier, and sampling by a classifier
 * without labels are `ConfigError`s.
 * @example
 * const uphill: GuideGradient<null, []> = { gradient: (_, x) => onesLike(x) }
 * const black: Denoiser<{ guide: null }, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x) }
 * const process = ddpm(scheduleFromBetas([0.36, 0.4375]))
 * pipe(
 *   process,
 *   E.flatMap((p) => pipe(black, meanGuided(p, uphill, 2), E.map((guided) => pMeanVariance(p, guided)))),
 *   E.map((reverse) => reverse({ guide: null }, zeros(2), { t: iota(2) }).mean),
 * ) // → E.right([0, 0.492])
 */
export const meanGuided =
  <Q, J extends Shape>(
    process: Process,
    guide: Guide<Q, J>,
    scale: number,
    options: MeanGuidanceOptions = {},
  ): ClassifierGuidance<Q, J> =>
  <P extends { readonly guide: Q }, I extends J>(denoiser: Denoiser<P, I>) =>
    F.pipe(
      meanOptions(options),
      E.flatMap(({ gradientAt = 'mean', variance = 'posterior' }) => {
        const where = 'meanGuided';
        const gradient = gradientOf(where, guide);
        const places = table(placesOf(process));
        const meanAt = qPosterior(process);
        const sigmaAt = sigmaSquared(process, denoiser, variance);
        // the mean is x0·x̂₀ + xt·x_t: to move it by Σ·g, x̂₀ moves by Σ·g/x0
        const weights = along(process, scale, (t) => 1 / process.posteriors[t]!.x0);
        const steps = { ...denoiser, only: [...(denoiser.only ?? []), { process, variance }] };
        return withGuide<P, Q, J, I>(where, guide, scale, steps, (params, x, at, x0) => {
          const place = gather(places, at.t);
          const from = gradientAt === 'xt' ? x : meanAt(place)(x0, x).mean;
          const towards = mul(gradient(params, from, at), sigmaAt(place)(params, x, at));
          return scaleBy(towards, gather(weights, place));
        });
      }),
    );
