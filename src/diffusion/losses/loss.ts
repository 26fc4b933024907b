import type { Exact } from '../../internal/exact.js';
import type { Itself } from '../../internal/itself.js';
import {
  add,
  type Dim,
  type Elementwise,
  fork,
  mean,
  meanPerSample,
  normalLike,
  type Scalar,
  scaleBy,
  type Shape,
  square,
  sub,
  type Tensor,
  type TreeSpec,
} from '../../dsl/index.js';
import { type Denoiser } from '../denoisers/denoiser.js';
import { overNoising } from '../denoisers/overNoising.js';
import { requireSignal } from '../denoisers/requireSignal.js';
import { lossFields, type LossInputs, type LossOptions, noisedBatch, requiredKey } from './noisedBatch.js';
import { targetAt } from '../denoisers/atLevel.js';
import { type Parameterization, requireRates } from '../denoisers/parameterization.js';
import { slopeOf } from '../paths/curvePath.js';
import { type Noising, pathOf, type TimeOf } from '../paths/noising.js';
import type { TimeType } from '../paths/path.js';
import { functionOf } from '../../internal/decode.js';
import { withName } from '../../internal/dual.js';
import { raise } from '../../internal/errors.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';

/**
 * The target of a denoiser: its correct prediction, from the data and the noise that x_t is made of. Raises `ConfigError` for the
 * velocity of timesteps, and of a path where σ grows like √t: of {@link continuousLinear}, {@link continuousSigmoid} and
 * {@link continuousCosine}. Their σ̇ is infinite at the data, and so is the mean square of σ̇·ε over t.
 *
 * - `t`: `[B]`; `x0`, `noise`: `[B, ...I]`
 * @example
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * // v = √ᾱ_t·ε - √(1-ᾱ_t)·x_0 at x_0 = 1 and ε = 0
 * targetOf(noising, 'v')(iota(2))(ones(2), zeros(2)) // → [-0.6, -0.8]
 */
export const targetOf = <N extends Noising>(noising: N, predicts: Parameterization) => {
  const { levels, levelAt, last } = pathOf(noising);
  if (predicts === 'velocity') [0, last].forEach((t) => requireRates(levelAt(t).rates));
  return <B extends Dim>(t: Tensor<[B], TimeOf<N>>) =>
    <I extends Shape>(x0: Tensor<[NoInfer<B>, ...I]>, noise: NoInfer<Tensor<[B, ...I]>>): Tensor<[B, ...I]> =>
      targetAt(predicts, levels(t))(x0, noise);
};

/** The loss of each sample and its timestep, which weightings use. */
export interface SampleLosses<B extends Dim> {
  readonly losses: Tensor<[B]>;
  readonly t: Tensor<[B], TimeType>;
  /** For a classifier: 1 for a correct class, 0 for a wrong one. Only reported; not part of the gradient. */
  readonly accuracy?: Tensor<[B]>;
}

/** The losses of a batch, each sample at a time and with noise that are given or drawn from `key`. */
export type Losses<P, I extends Shape> = <B extends Dim>(params: P, inputs: LossInputs<B, I>) => SampleLosses<B>;

/** The scalar that training minimizes: a mean of {@link Losses}. */
export type Loss<P, I extends Shape> = <B extends Dim>(params: P, inputs: LossInputs<B, I>) => Scalar;

/**
 * The mean over a batch of any {@link Losses}.
 * @example
 * const ofOnes = meanLoss<null, []>((_, { x0 }) => ({ losses: square(x0), t: cast(x0, 'int32') }))
 * const traced = program({ x0: 'B', k: 'key' }, ({ x0, k }) => ofOnes(null, { x0, key: k }))
 * await using nf = await open(reference())
 * await nf.run(evaluate(traced, { B: 2 })({ x0: Float32Array.of(1, 2), k: key(7) })) // → [2.5]
 */
export const meanLoss =
  <P, I extends Shape>(losses: Losses<P, I>): Loss<P, I> =>
  (params, inputs) =>
    mean(losses(params, inputs).losses);

/** A trained denoiser that a loss learns from: the specification of its parameters, and their values on a backend. */
export interface AnyTeacher {
  readonly model: { readonly params: TreeSpec<unknown> };
  readonly params: unknown;
}

/** A moving average of the parameters, by the share of the newest ones at each update: `emaConstant(0.95)`. */
export interface TargetAverage {
  /** The settings as JSON, which snapshots store. */
  readonly settings: unknown;
  readonly share: (step: Tensor<[], 'int32'>) => Scalar;
}

/** Fields of a loss beside its call, which training reads. */
interface LossFields {
  /** The options that the loss was made from, as JSON: `Object.assign(huberLosses(0.5), { settings: { delta: 0.5 } })`. */
  readonly settings?: unknown;
  /**
   * The weight that the losses give to the squared error of x̂₀, as a function of the log-SNR, if they are not the squared error of the
   * prediction: SNR for `boundLosses`.
   */
  readonly weighting?: Elementwise;
  /** The trained denoiser that the losses learn from. They get its parameters as `teacher`. */
  readonly teacher?: AnyTeacher;
  /** The moving average of the parameters that the losses compare with. They get it as `target`. */
  readonly target?: TargetAverage;
  /**
   * True if x̂₀ learns to be the end of the probability flow through x_t, which `consistency` needs; false if it learns something else,
   * such as the mean of the data. Not known if left out.
   */
  readonly estimatesEnd?: boolean;
}

/**
 * A training loss for any denoiser and process: {@link simpleLosses}, `hybridLosses`, a result of `weightedBy`, or your own.
 * Snapshots identify it by its function name and its settings.
 */
export interface Objective extends LossFields {
  <P, I extends Shape>(noising: Noising, denoiser: Denoiser<P, I>, options?: LossOptions): Losses<P, I>;
}

/** An {@link Objective} of this library, with options `O`. */
export interface ObjectiveWith<O> extends LossFields {
  <P, I extends Shape, G = unknown>(
    noising: Itself<Noising>,
    denoiser: Itself<Denoiser<P, I>>,
    options?: Exact<G, keyof O> & O,
  ): Losses<P, I>;
}

/** Makes an objective, whose name snapshots store. */
/* @__NO_SIDE_EFFECTS__ */
export const objective = <O>(
  name: string,
  losses: <P, I extends Shape>(noising: Noising, denoiser: Denoiser<P, I>, options?: O) => Losses<P, I>,
  about: LossFields = {},
): ObjectiveWith<O> =>
  Object.assign(withName<ObjectiveWith<O>>(name, losses), {
    estimatesEnd: false,
    ...about,
  });

const errorOptions = schema('loss', {
  ...lossFields,
  /** γ(t), the deviation of further noise z around a path of velocities: x_t = α·x₀ + σ·ε + γ·z. None if left out. */
  around: optional(functionOf<Elementwise>('a deviation at each time, such as (t) => fullLike(t, 0.1)')),
});

export interface ErrorOptions extends OptionsOf<typeof errorOptions> {}

/** The field `around`, with its derivative. Raises `ConfigError` for a denoiser that does not predict the velocity. */
const noiseAround = (gamma: Elementwise | undefined, predicts: Parameterization) => {
  if (gamma === undefined) return null;
  if (predicts !== 'velocity')
    raise('ConfigError', {
      where: 'loss.around',
      expected: 'a denoiser of the velocity, which has a target on a path with noise around it',
      actual: `one that predicts '${predicts}'`,
      hint: "make the model with predicts: 'velocity'",
    });
  return { gamma, rate: slopeOf(gamma) };
};

/**
 * The difference between a denoiser's prediction and its target, `[B, ...I]`, at timesteps `t`, `[B]`, and with noise drawn
 * from the key (its forks 'timestep', 'noise', 'dropout' and 'label'). Use it to define an {@link Objective}. Raises
 * `ConfigError` for a prediction of ε or the score over a process with a timestep without signal, because no sampler could start
 * there.
 *
 * With `around`, a velocity has the target α̇·x₀ + σ̇·ε + γ̇·z, with z from the fork 'around': stochastic interpolants (Albergo et al.
 * 2023, eq. 2.1). A constant γ is conditional flow matching with that σ, and σ·√(t(1 - t)) that of a Schrödinger bridge (Tong et al.
 * 2024).
 * @example
 * const absoluteLosses: Objective = (noising, denoiser, options) => {
 *   const errors = predictionErrors(noising, denoiser, options)
 *   return (params, inputs) => {
 *     const { error, t } = errors(params, inputs)
 *     return { losses: meanPerSample(abs(error)), t }
 *   }
 * }
 * const white: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const losses = program({ x0: 'B', k: 'key' }, ({ x0, k }) => absoluteLosses(noising, white)(null, { x0, key: k }).losses)
 * await using nf = await open(reference())
 * await nf.run(evaluate(losses, { B: 2 })({ x0: Float32Array.of(1, -1), k: key(7) })) // → [0, 2]
 */
export const predictionErrors = <P, I extends Shape, G = unknown>(
  noising: Itself<Noising>,
  denoiser: Itself<Denoiser<P, I>>,
  options?: Exact<G, keyof ErrorOptions> & ErrorOptions,
) => {
  const { around, ...others } = errorOptions.demand<ErrorOptions>(options);
  requireSignal('loss', pathOf(noising), denoiser);
  const { apply } = overNoising(noising)(denoiser);
  const target = targetOf(noising, denoiser.predicts);
  const noised = noisedBatch(noising, denoiser, others);
  const further = noiseAround(around, denoiser.predicts);
  return <B extends Dim>(
    params: P,
    inputs: LossInputs<B, I>,
  ): { readonly error: Tensor<[B, ...I]>; readonly t: Tensor<[B], TimeType> } => {
    const { noise, xt, at } = noised(inputs);
    const y = target(at.t)(inputs.x0, noise);
    if (further === null) return { error: sub(apply(params, xt, at), y), t: at.t };
    const z = normalLike(fork(requiredKey(inputs.key, 'noise'), 'around').around, xt);
    const t = at.t as Tensor<[B]>; // a velocity has continuous times
    const x = add(xt, scaleBy(z, further.gamma(t)));
    return { error: sub(apply(params, x, at), add(y, scaleBy(z, further.rate(t)))), t };
  };
};

/**
 * The squared error of each sample, averaged over its elements, at a timestep and with noise drawn from `key`:
 * `losses` and `t`, both `[B]`. See {@link predictionErrors} and {@link simpleLoss}.
 * @example
 * const white: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const losses = program({ x0: 'B', k: 'key' }, ({ x0, k }) => simpleLosses(noising, white)(null, { x0, key: k }).losses)
 * await using nf = await open(reference())
 * await nf.run(evaluate(losses, { B: 2 })({ x0: Float32Array.of(1, 0), k: key(7) })) // → [0, 1]
 */
export const simpleLosses = /* @__PURE__ */ objective<ErrorOptions>('simpleLosses', (noising, denoiser, options) => {
  const errors = predictionErrors(noising, denoiser, options);
  return (params, inputs) => {
    const { error, t } = errors(params, inputs);
    return { losses: meanPerSample(square(error)), t };
  };
});

/**
 * The simple loss of DDPM (Ho et al. 2020, eq. 14): E ‖ε - ε_θ(√ᾱ_t·x_0 + √(1-ᾱ_t)·ε, t)‖², as a mean over batch and
 * elements, with t uniform (or drawn by `times`) and ε ~ N(0, I). These are lines 2 to 5 of Algorithm 1, without the
 * gradient step. The target of a denoiser of x₀ or v is x₀ or √ᾱ_t·ε - √(1-ᾱ_t)·x_0 (Salimans & Ho 2022): the same error of
 * x̂₀, weighted differently over t.
 *
 * The inputs are those of {@link LossInputs}; timesteps and noise may be given in place of drawn ones.
 *
 * Raises `ConfigError` for label dropout without classes.
 * @example
 * const grey: Denoiser<Scalar, []> = { predicts: 'x0', apply: (p, x) => add(zerosLike(x), p) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const slope = program({ p: '', x0: 'B', k: 'key' }, ({ p, x0, k }) => grad(simpleLoss(noising, grey))(p, { x0, key: k }))
 * await using nf = await open(reference())
 * await nf.run(evaluate(slope, { B: 2 })({ p: 1, x0: Float32Array.of(1, 0), k: key(7) })) // → [1]
 */
export const simpleLoss = <P, I extends Shape, G = unknown>(
  noising: Itself<Noising>,
  denoiser: Itself<Denoiser<P, I>>,
  options?: Exact<G, keyof ErrorOptions> & ErrorOptions,
): Loss<P, I> => meanLoss(simpleLosses(noising, denoiser, options));
