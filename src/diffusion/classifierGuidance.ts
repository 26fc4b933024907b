import {
  add,
  type Dim,
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
import { type Denoiser, reparameterize, overParams } from './denoiser.js';
import { conversion, type Parameterization } from './parameterization.js';
import type { Process } from './process.js';
import { requiredLabel } from './required.js';
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

/** The parameters of a denoiser and of the classifier that guides it. */
export interface GuidedParams<P, Q> {
  readonly denoiser: P;
  readonly classifier: Q;
}

/** Makes a guided denoiser of a denoiser. */
export type ClassifierGuidance<Q, I extends Shape> = <P>(
  denoiser: Denoiser<P, I>,
) => either.Either<NoisefoldError, Denoiser<GuidedParams<P, Q>, I>>;

/** ∇ log p(y|x), of the shape of x: samples are independent, so it is the gradient of their sum. */
const classGradient =
  <Q, I extends Shape>({ classes, apply }: Classifier<Q, I>) =>
  <B extends Dim>(
    params: Q,
    x: Tensor<[B, ...I]>,
    t: Tensor<[B], 'int32'>,
    label: Tensor<[B], 'int32'>,
  ): Tensor<[B, ...I]> =>
    // a float32 tensor has a gradient of its own type, which the compiler does not compute while I is open
    grad((at: Tensor<[B, ...I]>) =>
      sum(mul(oneHot(classes)(label) as Tensor<[B, Dim]>)(logSoftmax(apply(params, at, t)))),
    )(x) as Tensor<[B, ...I]>;

const finite = (where: string, scale: number): either.Either<NoisefoldError, number> =>
  Number.isFinite(scale)
    ? E.right(scale)
    : fail('ConfigError', {
        where,
        expected: 'a finite guidance scale',
        actual: `${scale}`,
        hint: '1 is the posterior of the class, more sharpens it',
      });

/** How a prediction moves where x̂₀ moves by 1; 0 where no signal is left, and so none of the class. */
const movesBy =
  (predicts: Parameterization) =>
  (marginal: Process['marginals'][number]): number =>
    marginal.scale === 0 ? 0 : conversion('x0', predicts)(marginal).prediction;

/**
 * Classifier guidance on the score: Algorithm 2 of Dhariwal & Nichol 2021, ε̂ - scale·√(1-ᾱ_t)·∇ log p(y|x_t),
 * for any solver and any parameterization. With a scale of 1 and exact parts it is the denoiser of the class alone
 * (Bayes' rule on scores); more sharpens it.
 *
 * - `process`: the one the timesteps of which denoiser and classifier know
 *
 * The sampler's correction comes after guidance; the published code clips x̂₀ before it. A scale that is not finite is
 * a `ConfigError`, and so is sampling without labels.
 *
 * @example
 * const tilted: Classifier<null, []> = {
 *   classes: 2,
 *   apply: (_, x) => pipe(x, expandDims(1), matmul(constantOf([0, 2], 1, 2))), // log-odds 2·x of class 1
 * }
 * const silent: Denoiser<null, []> = { predicts: 'epsilon', apply: (_, x) => zerosLike(x) }
 * pipe(
 *   ddpm(scheduleFromBetas([0.36])),
 *   E.flatMap((process) => classifierGuided(process, tilted, 1)(silent)),
 *   E.map(({ apply }) => apply({ denoiser: null, classifier: null }, zeros(1), { t: iota(1), label: fullLike(1)(iota(1)) })),
 * ) // → E.right([-0.6 * 2 * 0.5])
 */
export const classifierGuided =
  <Q, I extends Shape>(
    process: Process,
    classifier: Classifier<Q, I>,
    scale: number,
  ): ClassifierGuidance<Q, I> =>
  <P>(denoiser: Denoiser<P, I>) => {
    const gradient = classGradient(classifier);
    // x̂₀ moves by (1-ᾱ)/√ᾱ times the gradient
    const moves = process.marginals.map(
      (marginal) => (movesBy(denoiser.predicts)(marginal) * marginal.variance) / (marginal.scale || 1),
    );
    return E.map((s: number): Denoiser<GuidedParams<P, Q>, I> => {
      const weights = table(column(moves, (move) => s * move));
      return {
        ...overParams((params: GuidedParams<P, Q>) => params.denoiser)(denoiser),
        apply: (params, x, at) => {
          const towards = gradient(params.classifier, x, at.t, requiredLabel('classifierGuided', at.label));
          return add(scaleBy(gather(weights)(at.t))(towards))(denoiser.apply(params.denoiser, x, at));
        },
      };
    })(finite('classifierGuided', scale));
  };

/** Where the gradient of {@link meanGuided} is taken: at μ, as the paper derives it; or at x_t, as its code does. */
export type GradientPlace = 'mean' | 'xt';

/**
 * Classifier guidance on the mean: Algorithm 1 of Dhariwal & Nichol 2021, N(μ + scale·Σ·∇ log p(y|x), Σ), as an x̂₀
 * from which ancestral sampling comes to that mean. It is for {@link ancestral} over each step of `process` (for
 * fewer, `respace` it first) with the posterior's variance: another solver has another Σ.
 *
 * - `gradientAt`: `'mean'` (eq. 10: at μ), or `'xt'`
 *
 * Its result predicts x̂₀. A scale that is not finite is a `ConfigError`, and so is sampling without labels.
 *
 * @example
 * const tilted: Classifier<null, []> = {
 *   classes: 2,
 *   apply: (_, x) => pipe(x, expandDims(1), matmul(constantOf([0, 2], 1, 2))),
 * }
 * const black: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x) }
 * pipe(
 *   ddpm(scheduleFromBetas([0.36, 0.4375])),
 *   E.flatMap((process) => meanGuided(process, tilted, 1)(black)),
 *   E.map(({ apply }) => apply({ denoiser: null, classifier: null }, zeros(2), { t: iota(2), label: fullLike(1)(iota(2)) })),
 * ) // → E.right([0, 0.45])
 */
export const meanGuided =
  <Q, I extends Shape>(
    process: Process,
    classifier: Classifier<Q, I>,
    scale: number,
    { gradientAt = 'mean' }: { readonly gradientAt?: GradientPlace } = {},
  ): ClassifierGuidance<Q, I> =>
  <P>(denoiser: Denoiser<P, I>) => {
    const gradient = classGradient(classifier);
    const { apply } = reparameterize(process, 'x0')(denoiser);
    const ofX0 = table(column(process.posteriors, ({ x0 }) => x0));
    const ofXt = table(column(process.posteriors, ({ xt }) => xt));
    return E.map((s: number): Denoiser<GuidedParams<P, Q>, I> => {
      // the mean is x0·x̂₀ + xt·x_t: to move it by Σ·g, x̂₀ moves by Σ·g/x0
      const weights = table(column(process.posteriors, ({ x0, variance }) => (s * variance) / x0));
      return {
        ...overParams((params: GuidedParams<P, Q>) => params.denoiser)(denoiser),
        predicts: 'x0',
        apply: (params, x, at) => {
          const label = requiredLabel('meanGuided', at.label);
          const x0 = apply(params.denoiser, x, at);
          const mean = add(scaleBy(gather(ofXt)(at.t))(x))(scaleBy(gather(ofX0)(at.t))(x0));
          const towards = gradient(params.classifier, gradientAt === 'mean' ? mean : x, at.t, label);
          return add(scaleBy(gather(weights)(at.t))(towards))(x0);
        },
      };
    })(finite('meanGuided', scale));
  };
