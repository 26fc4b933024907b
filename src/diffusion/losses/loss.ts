/**
 * The loss of a denoiser, E λ(t)·‖D(x_t; t) - y‖² over data, times and noise, from top to bottom. The loss of EDM (Karras et al.
 * 2022, eq. 8 and table 1) has these parts:
 *
 * - the draw of times, `usualTimes`: the time is σ, and ln σ ~ N(-1.2, 1.2²)
 * - the noise, `noisedBatch`: x = x₀ + σ·ε
 * - the target y, `targetOf`: x₀
 * - the error, `predictionErrors`: D(x; σ) - x₀, with D of `preconditioned`
 * - the weight λ, the denoiser's: 1/c_out² = (σ² + σ_data²)/(σ·σ_data)²
 */
import { dropConditions } from '../../conditions/dropout.js';
import type { Exact } from '../../internal/exact.js';
import type { Itself } from '../../internal/itself.js';
import {
  type Dim,
  fork,
  type Key,
  meanPerSample,
  mul,
  normalLike,
  type Shape,
  square,
  sub,
  type Tensor,
} from '../../dsl/index.js';
import type { Conditioning, Denoiser } from '../denoisers/denoiser.js';
import { overNoising, reparameterize } from '../denoisers/overNoising.js';
import { requireSignal } from '../denoisers/requireSignal.js';
import { targetAt } from '../denoisers/atLevel.js';
import { type Parameterization, requireRates } from '../denoisers/parameterization.js';
import type { Classifier } from '../guidance/guide.js';
import { qSample } from '../paths/forward.js';
import { isDiscrete, type Noising, pathOf, type TimeOf } from '../paths/noising.js';
import type { TimeType } from '../paths/path.js';
import { schema } from '../../internal/schema.js';
import { checkedInputs, drawnTimes, lossFields, type LossInputs, type LossOptions, requiredKey } from './lossInputs.js';
import { type Loss, type Losses, meanLoss, objective } from './objective.js';

const lossOptions = schema('loss', lossFields);

/** A batch for a training step: x_t = α_t·x_0 + σ_t·ε, its noise ε, and the conditioning. */
export interface NoisedBatch<B extends Dim, I extends Shape, T extends TimeType = TimeType> {
  readonly xt: Tensor<[B, ...I]>;
  readonly noise: Tensor<[B, ...I]>;
  readonly at: Conditioning<B, T>;
}

/**
 * Draws times, noise, dropout and dropped conditions for a batch from one key (its forks 'timestep', 'noise', 'dropout' and
 * 'label'): lines 2 to 4 of Algorithm 1 of DDPM (Ho et al. 2020). Every loss begins with it, so two losses with the same key
 * have the same x_t. Raises `ConfigError` for unknown options and invalid probabilities.
 * @example
 * const denoiser: Denoiser<null, [2]> = { predicts: 'v', apply: (_, x) => x }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const noised = program({ x0: 'B 2', k: 'key' }, ({ x0, k }) => noisedBatch(noising, denoiser)({ x0, key: k }).at.t)
 * await using nf = await open(reference())
 * await nf.run(evaluate(noised, { B: 1 })({ x0: Float32Array.of(1, 0), k: key(7) })) // → [56]
 */
export const noisedBatch = <P, I extends Shape, N extends Noising>(
  noising: N,
  denoiser: Denoiser<P, I> | Classifier<P, I>,
  options?: LossOptions,
) => {
  const { conditionDropout, times } = lossOptions.demand(options);
  const diffuse = qSample(noising);
  const dropped = dropConditions((denoiser as Partial<Denoiser<P, I>>).conditions, conditionDropout); // a classifier has none
  return <B extends Dim>(inputs: LossInputs<B, I>): NoisedBatch<B, I, TimeOf<N>> => {
    const { x0, key, conditions } = checkedInputs(inputs, isDiscrete(noising) ? 'int32' : 'float32');
    const keyOf = (purpose: 'timestep' | 'noise' | 'label'): Key => fork(requiredKey(key, purpose), purpose)[purpose]!;
    // drawn and given times have the type of the noising
    const t = (inputs.t ?? drawnTimes(times, noising, x0, keyOf('timestep'))) as Tensor<[B], TimeOf<N>>;
    const noise = inputs.noise ?? normalLike(keyOf('noise'), x0); // ε ~ N(0, I)
    const xt = diffuse(t, noise)(x0); // α_t·x₀ + σ_t·ε
    const at = {
      t,
      ...(key && { dropout: fork(key, 'dropout').dropout }),
      ...(conditions && { conditions: conditionDropout === 0 ? conditions : dropped(keyOf('label'))(conditions) }),
    };
    return { xt, noise, at };
  };
};

/**
 * The target of a denoiser: its correct prediction, from the data and the noise in x_t. Raises `ConfigError` for the velocity on a
 * schedule, and on paths where σ grows like √t: {@link continuousLinear}, {@link continuousSigmoid} and {@link continuousCosine}.
 * There σ̇ is infinite at the data, and so is the mean square of σ̇·ε over t.
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

/**
 * The difference between a denoiser's prediction and its target, `[B, ...I]`, at timesteps `t`, `[B]`, and with noise drawn
 * from the key (its forks 'timestep', 'noise', 'dropout' and 'label'). Use it to define an {@link Objective}. Raises
 * `ConfigError` for a prediction of ε or the score over a process with a timestep without signal, because no sampler could start
 * there.
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
  options?: Exact<G, keyof LossOptions> & LossOptions,
) => {
  requireSignal('loss', pathOf(noising), denoiser);
  const noised = noisedBatch(noising, denoiser, options);
  const { apply: D } = overNoising(noising)(denoiser);
  const target = targetOf(noising, denoiser.predicts);
  return <B extends Dim>(
    params: P,
    inputs: LossInputs<B, I>,
  ): { readonly error: Tensor<[B, ...I]>; readonly t: Tensor<[B], TimeType> } => {
    const { xt, noise, at } = noised(inputs); // t drawn, x_t = α·x₀ + σ·ε
    const y = target(at.t)(inputs.x0, noise);
    return { error: sub(D(params, xt, at), y), t: at.t };
  };
};

/** λ(t)·‖D(x_t; t) - y‖² of each sample, averaged over its elements. λ is 1 if left out. */
const squaredErrors = <P, I extends Shape>(
  noising: Noising,
  denoiser: Denoiser<P, I>,
  options?: LossOptions,
  weight?: Denoiser<P, I>['weight'],
): Losses<P, I> => {
  const errors = predictionErrors(noising, denoiser, options);
  const { levels } = pathOf(noising);
  return (params, inputs) => {
    const { error, t } = errors(params, inputs); // D(x_t; t) - y
    const losses = meanPerSample(square(error));
    return { losses: weight === undefined ? losses : mul(losses, weight(levels(t))), t };
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
export const simpleLosses = /* @__PURE__ */ objective<LossOptions>('simpleLosses', (noising, denoiser, options) =>
  squaredErrors(noising, denoiser, options),
);

/**
 * The usual losses of a denoiser: the simple loss of its prediction (DDPM, Ho et al. 2020, eq. 14; for a velocity: flow matching,
 * Lipman et al. 2023). For a preconditioned network, the loss of the raw network, which equals the loss of x̂₀ with the weight
 * 1/c_out²: (σ² + σ_data²)/(σ·σ_data)² for EDM (Karras et al. 2022, table 1).
 * @example
 * const silent: NoiseNetwork<null, []> = { apply: (_, x) => zerosLike(x) }
 * const denoiser = unwrap(preconditioned(silent, { as: 'edm', sigmaData: 0.5 }))
 * const inputs = { x0: ones(1), t: constantOf([2], 1), noise: zeros(1) }
 * // x̂₀ is c_skip, 1/17
 * usualLosses(edm(), denoiser)(null, inputs).losses // → [((2 ** 2 + 0.5 ** 2) / (2 * 0.5) ** 2) * (16 / 17) ** 2]
 */
export const usualLosses = /* @__PURE__ */ objective<LossOptions>('usualLosses', (noising, denoiser, options) => {
  const { weight } = denoiser; // λ(σ) = 1/c_out² of the squared error of x̂₀
  return weight === undefined
    ? squaredErrors(noising, denoiser, options)
    : squaredErrors(noising, reparameterize(noising, 'x0')(denoiser), options, weight);
});

/**
 * The simple loss of DDPM (Ho et al. 2020, eq. 14): E ‖ε - ε_θ(√ᾱ_t·x_0 + √(1-ᾱ_t)·ε, t)‖², as a mean over batch and
 * elements, with t uniform (or drawn by `times`) and ε ~ N(0, I). These are lines 2 to 5 of Algorithm 1, without the
 * gradient step. The target of a denoiser of x₀ or v is x₀ or √ᾱ_t·ε - √(1-ᾱ_t)·x_0 (Salimans & Ho 2022): the same error of
 * x̂₀, weighted differently over t.
 *
 * The inputs are {@link LossInputs}; give timesteps and noise to replace drawn ones.
 *
 * Raises `ConfigError` for dropout without conditions that may be left out.
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
  options?: Exact<G, keyof LossOptions> & LossOptions,
): Loss<P, I> => meanLoss(simpleLosses(noising, denoiser, options));
