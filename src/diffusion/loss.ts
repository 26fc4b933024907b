import {
  add,
  type Dim,
  fork,
  gather,
  type Key,
  mean,
  meanPerSample,
  normalLike,
  type Scalar,
  scaleBy,
  type Shape,
  square,
  sub,
  table,
  type Tensor,
} from '../dsl/index.js';
import { type Denoiser, overProcess } from './denoiser.js';
import { qSample } from './forward.js';
import { dropLabels } from './labelDropout.js';
import { type Parameterization, target } from './parameterization.js';
import type { Process } from './process.js';
import { column } from './table.js';
import { type TimestepDraw, uniformTimesteps } from './timestepDraw.js';

/**
 * What a denoiser of a parameterization should say, given the data and the noise that x_t is made of.
 *
 * - `t`: `[B]`; `x0`, `noise`: `[B, ...I]`
 *
 * @example
 * const process = ddpm(scheduleFromBetas([0.36, 0.4375]))
 * // v = √ᾱ_t·ε - √(1-ᾱ_t)·x_0 at x_0 = 1 and ε = 0
 * pipe(process, E.map((p) => targetOf(p, 'v')(iota(2))(ones(2), zeros(2)))) // → E.right([-0.6, -0.8])
 */
export const targetOf = ({ marginals }: Process, predicts: Parameterization) => {
  const mixtures = marginals.map(target(predicts));
  const ofX0 = table(column(mixtures, ({ x0 }) => x0));
  const ofNoise = table(column(mixtures, ({ epsilon }) => epsilon));
  return <B extends Dim>(t: Tensor<[B], 'int32'>) =>
    <I extends Shape>(
      x0: Tensor<[NoInfer<B>, ...I]>,
      noise: Tensor<[NoInfer<B>, ...NoInfer<I>]>,
    ): Tensor<[B, ...I]> =>
      add(scaleBy(gather(ofNoise)(t))(noise))(scaleBy(gather(ofX0)(t))(x0));
};

export interface LossOptions {
  /** The probability with which a label is forgotten, for classifier-free guidance; 0 if left out. */
  readonly labelDropout?: number;
  /** How the timesteps of a batch are drawn; {@link uniformTimesteps} if left out. */
  readonly timesteps?: TimestepDraw;
}

/** A loss for each sample, and the timestep it was taken at: what weightings start from. */
export interface SampleLosses<B extends Dim> {
  readonly losses: Tensor<[B]>;
  readonly t: Tensor<[B], 'int32'>;
}

/**
 * The squared error of each sample, averaged over its elements, at a timestep and with a noise drawn from
 * `key` (its forks 'timestep', 'noise', 'dropout' and 'label'): `losses` and `t`, both `[B]`. See
 * {@link simpleLoss}.
 *
 * @example
 * const white: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const losses = (process: Process) =>
 *   program({ x0: 'B', k: 'key' }, ({ x0, k }) => simpleLosses(process, white)(null, x0, k).losses)
 * await pipe(
 *   RTE.fromEither(ddpm(cosine(1000))),
 *   RTE.flatMap((process) => compile(losses(process), { B: 2 })),
 *   RTE.flatMapTaskEither(({ run }) => run({ x0: Float32Array.of(1, 0), k: key(7) })),
 *   RTE.flatMap(read),
 *   using(reference()),
 * )() // → E.right([0, 1])
 */
export const simpleLosses = <P, I extends Shape>(
  process: Process,
  denoiser: Denoiser<P, I>,
  { labelDropout = 0, timesteps = uniformTimesteps }: LossOptions = {},
) => {
  const { apply } = overProcess(process)(denoiser);
  const wanted = targetOf(process, denoiser.predicts);
  return <B extends Dim>(
    params: P,
    x0: Tensor<[B, ...I]>,
    key: Key,
    label?: Tensor<[NoInfer<B>], 'int32'>,
  ): SampleLosses<B> => {
    const keys = fork(key, 'timestep', 'noise', 'dropout', 'label');
    const t = timesteps(process)(x0)(keys.timestep);
    const noise = normalLike(x0)(keys.noise);
    const predicted = apply(params, qSample(process)(t, noise)(x0), {
      t,
      dropout: keys.dropout,
      ...(label === undefined ? {} : { label: dropLabels(denoiser, labelDropout)(keys.label)(label) }),
    });
    return { losses: meanPerSample(square(sub(wanted(t)(x0, noise))(predicted))), t };
  };
};

/**
 * The simple loss of DDPM (Ho et al. 2020, eq. 14): E ‖ε - ε_θ(√ᾱ_t·x_0 + √(1-ᾱ_t)·ε, t)‖², as a mean over
 * batch and elements, with t uniform (or as `timesteps` draws it) and ε ~ N(0, I): lines 2 to 5 of
 * Algorithm 1, whose gradient step is the caller's. A denoiser of x₀ or v is held against its own target,
 * x₀ or √ᾱ_t·ε - √(1-ᾱ_t)·x_0 (Salimans & Ho 2022): the same error of x̂₀, weighted differently over t.
 *
 * - `x0`: data, `[B, ...I]`, images in [-1, 1]
 * - `key`: consumed
 * - `label`: `[B]` int32, for a denoiser with classes
 *
 * Label dropout without classes is a `ConfigError`, raised when the program is traced.
 *
 * @example
 * const grey: Denoiser<Scalar, []> = { predicts: 'x0', apply: (p, x) => add(p)(zerosLike(x)) }
 * const slope = (process: Process) =>
 *   program({ p: '', x0: 'B', k: 'key' }, ({ p, x0, k }) => grad(simpleLoss(process, grey))(p, x0, k))
 * await pipe(
 *   RTE.fromEither(ddpm(cosine(1000))),
 *   RTE.flatMap((process) => compile(slope(process), { B: 2 })),
 *   RTE.flatMapTaskEither(({ run }) => run({ p: 1, x0: Float32Array.of(1, 0), k: key(7) })),
 *   RTE.flatMap(read),
 *   using(reference()),
 * )() // → E.right([1])
 */
export const simpleLoss = <P, I extends Shape>(
  process: Process,
  denoiser: Denoiser<P, I>,
  options: LossOptions = {},
) => {
  const perSample = simpleLosses(process, denoiser, options);
  return <B extends Dim>(
    params: P,
    x0: Tensor<[B, ...I]>,
    key: Key,
    label?: Tensor<[NoInfer<B>], 'int32'>,
  ): Scalar => mean(perSample(params, x0, key, label).losses);
};
