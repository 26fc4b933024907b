/** Classifier guidance: the two algorithms of Dhariwal & Nichol 2021. */
import { mul, type Shape } from '../../dsl/index.js';
import type { NeedsConditions, NeedsGuide } from '../../conditions/marks.js';
import type { Exact } from '../../internal/exact.js';
import { hinted, oneOf } from '../../internal/decode.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { type Guide, gradientOf, withGuide } from './guide.js';
import type { Guidance } from './guidance.js';

/**
 * Guidance by a guide. The field `guide` beside the denoiser's parameters has the guide's parameters: see {@link overParams}. `A` are
 * the names of the conditions that the guide takes, `string` if they are not known.
 */
export type ClassifierGuidance<Q, J extends Shape, A extends string = string> = Guidance<{ readonly guide: Q }, J> &
  NeedsGuide<Q> &
  NeedsConditions<never, A>;

/** A guide that recognizes classes `C`; a gradient recognizes none. */
interface Recognizes<C> {
  readonly classes?: C;
}

/** The names of the conditions of classes `C`: a number is that of the classes of `label`. */
type NamesOf<C> = C extends number ? 'label' : keyof C & string;

/**
 * Classifier guidance on the score: Algorithm 2 of Dhariwal & Nichol 2021, ε̂ - √(1-ᾱ_t)·scale·∇ log p(y|x_t), `condition_score` of
 * guided-diffusion, for any process, solver and parameterization. ᾱ_t is that of the process in use. With an exact denoiser and
 * classifier, a scale of 1 gives the denoiser of the class alone (Bayes' rule on scores); a larger scale sharpens the samples.
 *
 * - `guide`: a classifier, or a gradient, such as that of an energy. It gets the timesteps of the denoiser
 *
 * If the denoiser does not take these conditions, only the classifier gets them. The gradient moves x̂₀ after the sampler's correction, as in
 * the published code: see {@link steered}. Returns a `ConfigError` for an invalid guide, a scale that is not finite, and a
 * classifier whose number of classes differs from the denoiser's. Missing classes of all samples, and a process with timesteps that the classifier
 * does not know, raise a `ConfigError`.
 * @example
 * const tilted: Classifier<null, []> = {
 *   classes: 2,
 *   apply: (_, x) => pipe(x, expandDims(1), matmul(constantOf([0, 2], 1, 2))), // log-odds 2·x of class 1
 * }
 * const silent: Denoiser<{ guide: null }, []> = { predicts: 'epsilon', apply: (_, x) => zerosLike(x) }
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36])))
 * const guided = steered(noising)(unwrap(classifierGuided(tilted, 1)(silent)))
 * const noise = reparameterize(noising, 'epsilon')(guided)
 * const at = { t: iota(1), conditions: { label: fullLike(iota(1), 1) } }
 * noise.apply({ guide: null }, zeros(1), at) // → [-0.6 * 2 * 0.5]
 */
export const classifierGuided =
  <Q, J extends Shape, C = never>(
    guide: Guide<Q, J> & Recognizes<C>,
    scale: number,
  ): ClassifierGuidance<Q, J, NamesOf<C>> =>
  <P extends { readonly guide: Q }, I extends J>(denoiser: Denoiser<P, I>) => {
    const where = 'classifierGuided';
    const gradient = gradientOf(where, guide);
    return withGuide<P, Q, J, I>(where, guide, scale, denoiser, {
      score: (params, x, at) => mul(gradient(params, x, at), scale),
    });
  };

/** The point where {@link meanGuided} takes the gradient: x_t, or μ. */
export type GradientPlace = 'mean' | 'xt';

const meanOptions = schema('meanGuided', {
  /**
   * 'xt' if left out, as in Algorithm 1 of Dhariwal & Nichol 2021 and in their code. 'mean' takes the gradient at μ, where
   * their eq. 10 expands log p(y|x).
   */
  gradientAt: optional(hinted(oneOf('mean', 'xt'), '{} is Algorithm 1'), 'xt'),
});

/** Options of {@link meanGuided}. */
export interface MeanGuidanceOptions extends OptionsOf<typeof meanOptions> {}

/**
 * Classifier guidance on the mean: Algorithm 1 of Dhariwal & Nichol 2021, N(μ + scale·Σ·∇ log p(y|x_t), Σ), `condition_mean` of
 * guided-diffusion. μ and Σ, fixed or learned, are those of the step of {@link ancestral} on any grid, or of {@link pMeanVariance}
 * and {@link pSample}. Other solvers and {@link likelihood} have no such mean: they return a `ConfigError`.
 *
 * - `guide`: a classifier or a gradient, as for {@link classifierGuided}
 *
 * x̂₀ does not move. Returns a `ConfigError` for an invalid guide or option, a scale that is not finite, and a classifier
 * with another number of classes than the denoiser. Missing classes of all samples raise a `ConfigError`.
 * @example
 * const uphill: GuideGradient<null, []> = { gradient: (_, x) => onesLike(x) }
 * const black: Denoiser<{ guide: null }, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x) }
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const guided = unwrap(meanGuided(uphill, 2)(black))
 * pMeanVariance(noising, guided)({ guide: null }, zeros(2), { t: iota(2) }).mean // → [0, 0.492]
 */
export const meanGuided =
  <Q, J extends Shape, G = unknown, C = never>(
    guide: Guide<Q, J> & Recognizes<C>,
    scale: number,
    options?: Exact<G, keyof MeanGuidanceOptions> & MeanGuidanceOptions,
  ): ClassifierGuidance<Q, J, NamesOf<C>> =>
  <P extends { readonly guide: Q }, I extends J>(denoiser: Denoiser<P, I>) =>
    F.pipe(
      meanOptions.decode(options),
      E.flatMap(({ gradientAt }) => {
        const where = 'meanGuided';
        const gradient = gradientOf(where, guide);
        return withGuide<P, Q, J, I>(where, guide, scale, denoiser, {
          mean: (params, x, at, mean) => mul(gradient(params, gradientAt === 'xt' ? x : mean, at), scale),
        });
      }),
    );

/** Returns a `ConfigError` for a denoiser with guidance on the mean, because `actual`, which uses it, has no mean. */
export const rejectMeanGuidance = <P, I extends Shape>(
  where: string,
  { guides }: Pick<Denoiser<P, I>, 'guides'>,
  actual: string,
): either.Either<NoisefoldError, void> =>
  guides?.mean === undefined
    ? E.right(undefined)
    : fail('ConfigError', {
        where,
        expected: 'ancestral(), for a denoiser guided by meanGuided, which moves the mean of a step',
        actual,
        hint: 'take classifierGuided, which works with any solver and grid',
      });
