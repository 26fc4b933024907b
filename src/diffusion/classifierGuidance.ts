import {
  add,
  type Dim,
  exp,
  gather,
  grad,
  logSoftmax,
  mul,
  type NoisefoldError,
  oneHot,
  scaleBy,
  type Shape,
  sum,
  table,
  type Tensor,
} from '../dsl/index.js';
import { fail } from '../dsl/errors.js';
import { E, type either } from '../internal/fp.js';
import type { ReverseVariance } from './ancestral.js';
import { overElements } from './batch.js';
import { type Conditioning, converted, type Denoiser, hearing } from './denoiser.js';
import type { Guidance } from './guidance.js';
import { leavesSignal } from './lambda.js';
import { saidLogVariance } from './learnedVariance.js';
import { conversion, type Parameterization } from './parameterization.js';
import { clippedLogVariances, qPosterior } from './posterior.js';
import type { Process } from './process.js';
import { requiredGuide, requiredLabel } from './required.js';
import { fixedLogVariances } from './reverse.js';
import { column } from './table.js';

/** A classifier of noisy data, with parameters `Q`, of samples of shape `I`. */
export interface Classifier<Q, I extends Shape> {
  /** The number of classes: labels are 0…classes-1. */
  readonly classes: number;
  /** `params`, x_t of `[B, ...I]` and the timestep of each, `[B]`, to log p(y|x_t) but for a constant, `[B, classes]`. */
  readonly apply: <B extends Dim>(
    params: Q,
    x: Tensor<[B, ...I]>,
    t: Tensor<[NoInfer<B>], 'int32'>,
  ) => Tensor<[B, Dim]>;
}

/** Steers by a classifier, whose parameters are a member `guide` beside those of the denoiser: see {@link overParams}. */
export type ClassifierGuidance<Q, J extends Shape> = Guidance<{ readonly guide: Q }, J>;

/** ∇ log p(y|x), of the shape of x: samples are independent, so it is the gradient of their sum. */
const classGradient =
  <Q, J extends Shape>({ classes, apply }: Classifier<Q, J>) =>
  <B extends Dim, I extends J>(
    { guide }: { readonly guide: Q },
    x: Tensor<[B, ...I]>,
    t: Tensor<[B], 'int32'>,
    label: Tensor<[B], 'int32'>,
  ): Tensor<[B, ...I]> =>
    // a float32 tensor has a gradient of its own type, which the compiler does not compute while I is open
    grad((at: Tensor<[B, ...I]>) =>
      sum(mul(oneHot(classes)(label) as Tensor<[B, Dim]>)(logSoftmax(apply(requiredGuide(guide), at, t)))),
    )(x) as Tensor<[B, ...I]>;

/**
 * A denoiser as a classifier can guide it: it has the classifier's classes, whether or not it hears of them itself.
 * `ConfigError` where it has others, or the scale is not finite.
 */
const classified =
  <P, I extends Shape>(where: string, classes: number, scale: number) =>
  (denoiser: Denoiser<P, I>): either.Either<NoisefoldError, Denoiser<P, I>> => {
    if (!Number.isFinite(scale))
      return fail('ConfigError', {
        where,
        expected: 'a finite guidance scale',
        actual: `${scale}`,
        hint: '1 is the posterior of the class, more sharpens it',
      });
    const { classes: own = classes } = denoiser;
    return own === classes
      ? E.right({ ...hearing(denoiser), classes })
      : fail('ConfigError', {
          where,
          expected: `a classifier of the ${own} classes of the denoiser`,
          actual: `one of ${classes}`,
          hint: 'train both with the same labels',
        });
  };

/** How a prediction moves where x̂₀ moves by 1; 0 where no signal is left, and so none of the class. */
const movesBy =
  (predicts: Parameterization) =>
  (marginal: Process['marginals'][number]): number =>
    leavesSignal(marginal) ? conversion('x0', predicts)(marginal).prediction : 0;

/**
 * Classifier guidance on the score: Algorithm 2 of Dhariwal & Nichol 2021, ε̂ - scale·√(1-ᾱ_t)·∇ log p(y|x_t),
 * for any solver and any parameterization. With a scale of 1 and exact parts it is the denoiser of the class alone
 * (Bayes' rule on scores); more sharpens it.
 *
 * - `process`: the one the timesteps of which denoiser and classifier know
 *
 * The denoiser may have no classes: it is the classifier that hears of them. The sampler's correction comes after
 * guidance; the published code clips x̂₀ before it. A scale that is not finite, a denoiser of another number of classes,
 * and sampling without labels are `ConfigError`s.
 *
 * @example
 * const tilted: Classifier<null, []> = {
 *   classes: 2,
 *   apply: (_, x) => pipe(x, expandDims(1), matmul(constantOf([0, 2], 1, 2))), // log-odds 2·x of class 1
 * }
 * const silent: Denoiser<{ guide: null }, []> = { predicts: 'epsilon', apply: (_, x) => zerosLike(x) }
 * pipe(
 *   ddpm(scheduleFromBetas([0.36])),
 *   E.flatMap((process) => classifierGuided(process, tilted, 1)(silent)),
 *   E.map(({ apply }) => apply({ guide: null }, zeros(1), { t: iota(1), label: fullLike(1)(iota(1)) })),
 * ) // → E.right([-0.6 * 2 * 0.5])
 */
export const classifierGuided =
  <Q, J extends Shape>(
    process: Process,
    classifier: Classifier<Q, J>,
    scale: number,
  ): ClassifierGuidance<Q, J> =>
  <P extends { readonly guide: Q }, I extends J>(denoiser: Denoiser<P, I>) => {
    const gradient = classGradient(classifier);
    // x̂₀ moves by (1-ᾱ)/√ᾱ times the gradient
    const moves = process.marginals.map(
      (marginal) => (movesBy(denoiser.predicts)(marginal) * marginal.variance) / (marginal.scale || 1),
    );
    const weights = table(column(moves, (move) => scale * move));
    return E.map((plain: Denoiser<P, I>): Denoiser<P, I> => ({
      ...plain,
      apply: (params, x, at) => {
        const towards = gradient(params, x, at.t, requiredLabel('classifierGuided', at.label));
        return add(scaleBy(gather(weights)(at.t))(towards))(plain.apply(params, x, at));
      },
    }))(classified<P, I>('classifierGuided', classifier.classes, scale)(denoiser));
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

/** The place in a process of each timestep that its network knows. */
const placesOf = ({ timesteps }: Process): Int32Array => {
  const places = new Int32Array(timesteps.at(-1)! + 1);
  timesteps.forEach((t, place) => {
    places[t] = place;
  });
  return places;
};

/** Σ of p_θ(x_{t-1}|x_t) by the places of a process, of the shape of x: fixed, or what the denoiser says. */
const sigmaSquared = <P, I extends Shape>(
  process: Process,
  { learned }: Denoiser<P, I>,
  variance: ReverseVariance,
) => {
  // the last step of Algorithm 1 draws nothing where Σ is the posterior's: there it is 0, and its logarithm is not asked
  const fixed = table(
    variance === 'posterior'
      ? column(process.posteriors, (posterior) => posterior.variance)
      : fixedLogVariances(process, 'beta').map(Math.exp),
  );
  const [low, high] = [table(clippedLogVariances(process)), table(process.schedule.betas.map(Math.log))];
  return <B extends Dim>(place: Tensor<[B], 'int32'>) =>
    (params: P, x: Tensor<[B, ...I]>, at: Conditioning<NoInfer<B>>): Tensor<[B, ...I]> => {
      const ofPlace = (numbers: Tensor<[Dim]>) => overElements(x)(gather(numbers)(place));
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
 *
 * A scale that is not finite, a denoiser of another number of classes, and sampling without labels are `ConfigError`s.
 *
 * @example
 * const tilted: Classifier<null, []> = {
 *   classes: 2,
 *   apply: (_, x) => pipe(x, expandDims(1), matmul(constantOf([0, 2], 1, 2))),
 * }
 * const black: Denoiser<{ guide: null }, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x) }
 * pipe(
 *   ddpm(scheduleFromBetas([0.36, 0.4375])),
 *   E.flatMap((process) => meanGuided(process, tilted, 1)(black)),
 *   E.map(({ apply }) => apply({ guide: null }, zeros(2), { t: iota(2), label: fullLike(1)(iota(2)) })),
 * ) // → E.right([0, 0.45])
 */
export const meanGuided =
  <Q, J extends Shape>(
    process: Process,
    classifier: Classifier<Q, J>,
    scale: number,
    { gradientAt = 'mean', variance = 'posterior' }: MeanGuidanceOptions = {},
  ): ClassifierGuidance<Q, J> =>
  <P extends { readonly guide: Q }, I extends J>(denoiser: Denoiser<P, I>) => {
    const gradient = classGradient(classifier);
    const places = table(placesOf(process));
    const toX0 = converted(process, denoiser.predicts, 'x0');
    const meanAt = qPosterior(process);
    const sigmaAt = sigmaSquared(process, denoiser, variance);
    // the mean is x0·x̂₀ + xt·x_t: to move it by Σ·g, x̂₀ moves by Σ·g/x0
    const moves = process.posteriors.map(
      ({ x0 }, t) => movesBy(denoiser.predicts)(process.marginals[t]!) / x0,
    );
    const weights = table(column(moves, (move) => scale * move));
    return E.map((plain: Denoiser<P, I>): Denoiser<P, I> => ({
      ...plain,
      only: [...(plain.only ?? []), { process, variance }],
      apply: (params, x, at) => {
        const label = requiredLabel('meanGuided', at.label);
        const place = gather(places)(at.t);
        const prediction = plain.apply(params, x, at);
        const from = gradientAt === 'xt' ? x : meanAt(place)(toX0(place, x)(prediction), x).mean;
        const towards = mul(sigmaAt(place)(params, x, at))(gradient(params, from, at.t, label));
        return add(scaleBy(gather(weights)(place))(towards))(prediction);
      },
    }))(classified<P, I>('meanGuided', classifier.classes, scale)(denoiser));
  };
