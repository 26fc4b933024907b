import type { Dim, Key, Shape, Tensor, TreeSpec } from '../../dsl/index.js';
import type { Conditions } from '../../conditions/conditions.js';
import type { ConditionValues } from '../../conditions/values.js';
import { oneOf } from '../../internal/decode.js';
import { argument } from '../../internal/schema.js';
import type { NoiseLevel, TimeType } from '../paths/path.js';
import type { Parameterization } from './parameterization.js';

/** The inputs of a denoiser besides x_t. */
export interface Conditioning<B extends Dim, D extends TimeType = TimeType> {
  /** The time of each sample, `[B]`: int32 for a timestep, counted from 0, else float32. */
  readonly t: Tensor<[B], D>;
  /** The noise level of each sample. Losses and samplers give it; a network needs only t. */
  readonly level?: NoiseLevel<B>;
  /** The values of each sample, such as its class, by name; see {@link Denoiser.conditions}. {@link labelOf} and others read them. */
  readonly conditions?: ConditionValues<B>;
  /** The key of dropout layers; without a key dropout is off, as in sampling. */
  readonly dropout?: Key;
  /** The step of the solver in which a sampler evaluates. */
  readonly step?: StepLevels<B>;
}

/** A step of a solver, as a denoiser and its guidance see it. */
export interface StepLevels<B extends Dim> {
  /** Its index, from 0 at the noise. */
  readonly index: Tensor<[], 'int32'>;
  /** The level of each sample where the step begins. */
  readonly from: ChannelTensors<B>;
  /** The level of each sample where it ends. */
  readonly to: ChannelTensors<B>;
}

/** α and σ of each sample. */
export interface ChannelTensors<B extends Dim> {
  readonly alpha: Tensor<[B]>;
  readonly sigma: Tensor<[B]>;
}

/** The result of a denoiser that learns its variance: both `[B, ...I]`. */
export interface Outputs<B extends Dim, I extends Shape> {
  readonly prediction: Tensor<[B, ...I]>;
  readonly variance: Tensor<[B, ...I]>;
}

/** The second result of a denoiser: the variance of its reverse steps, element by element. */
export interface LearnedVariance<P, I extends Shape> {
  /**
   * The meaning of the output: 'range', interpolation from log β̃_t at -1 to log β_t at 1 (Improved DDPM, Nichol & Dhariwal
   * 2021, eq. 15), or 'logVariance', log σ² itself.
   */
  readonly as: 'range' | 'logVariance';
  /** The prediction, equal to that of the denoiser's `apply`, and the variance, in one evaluation. Not guided. */
  readonly apply: <B extends Dim>(params: P, x: Tensor<[B, ...I]>, at: Conditioning<NoInfer<B>>) => Outputs<B, I>;
}

/** A denoiser that keeps tensors from one evaluation to the next, such as one with guidance by momentum. */
export interface Recurrent<P, I extends Shape> {
  /** The number of tensors, of the shape of x. They begin as zeros. */
  readonly memory: number;
  readonly apply: <B extends Dim>(
    params: P,
    x: Tensor<[B, ...I]>,
    at: Conditioning<NoInfer<B>>,
    memory: readonly Tensor<[B, ...I]>[],
  ) => { readonly prediction: Tensor<[B, ...I]>; readonly memory: readonly Tensor<[B, ...I]>[] };
}

/** A scaled gradient s·∇ log p(y|x_t), of the shape of x_t, from `params`, x_t of `[B, ...I]` and its conditioning. */
export type ScoreGradient<P, I extends Shape> = <B extends Dim>(
  params: P,
  x: Tensor<[B, ...I]>,
  at: Conditioning<NoInfer<B>>,
) => Tensor<[B, ...I]>;

/** {@link ScoreGradient} for a reverse step, which also passes its mean. */
export type MeanGradient<P, I extends Shape> = <B extends Dim>(
  params: P,
  x: Tensor<[B, ...I]>,
  at: Conditioning<NoInfer<B>>,
  mean: NoInfer<Tensor<[B, ...I]>>,
) => Tensor<[B, ...I]>;

/**
 * The gradients that guide a denoiser, one for each algorithm of Dhariwal & Nichol 2021. They do not depend on noise levels: the
 * process in use applies the weights.
 */
export interface Guides<P, I extends Shape> {
  /** Moves ε̂, for any solver: Algorithm 2. See {@link steered}. */
  readonly score?: ScoreGradient<P, I>;
  /** Moves the mean of a reverse step, for ancestral steps: Algorithm 1. See {@link meanGuided}. */
  readonly mean?: MeanGradient<P, I>;
}

/**
 * A function that predicts the data or the noise in x_t, with parameters `P` and samples of shape `I`: a network, a closed
 * form, or a changed denoiser. Sampling and losses use this interface only.
 */
export interface Denoiser<P, I extends Shape> {
  /** The prediction of `apply`: the noise ε, the data x₀, v, the score or the velocity. */
  readonly predicts: Parameterization;
  /** Its conditions, by name: classes, vectors, tokens, images. None if left out. */
  readonly conditions?: Conditions;
  /** The number of timesteps that the denoiser knows, 0…timesteps-1. If left out, any timestep is valid. */
  readonly timesteps?: number;
  /**
   * True for a network that takes times of any size. On a schedule and on a path of σ, wrap it by `preconditioned`; a flow gives it
   * 1000·t.
   */
  readonly noiseLabels?: boolean;
  /**
   * The number that it reads as its time: `t`, the timestep of a schedule or 1000 times the time of a flow, if left out; or the
   * noise level, on any path.
   */
  readonly clock?: 'timestep' | 'level';
  /** True for a denoiser that is not defined without signal, such as one that divides x_t by α. */
  readonly needsSignal?: boolean;
  /**
   * The weight of the squared error of x̂₀ at each noise level, `[B]`, in {@link usualLosses}: 1/c_out² for a preconditioned
   * network, so that the loss is the squared error of the raw network. If left out, the loss is the squared error of the
   * prediction.
   */
  readonly weight?: <B extends Dim>(level: NoiseLevel<B>) => Tensor<[B]>;
  /** Maps `params`, x_t of `[B, ...I]` and its conditioning to a prediction of `[B, ...I]`. */
  readonly apply: <B extends Dim>(params: P, x: Tensor<[B, ...I]>, at: Conditioning<NoInfer<B>>) => Tensor<[B, ...I]>;
  /** The gradients that guide it, such as those of a classifier. */
  readonly guides?: Guides<P, I>;
  /** The variance of its reverse steps, if it learns it; see {@link learningVariance}. */
  readonly learned?: LearnedVariance<P, I>;
  /** The prediction of the same network with the identity in place of its attention maps, for {@link pag}. */
  readonly perturbed?: Denoiser<P, I>['apply'];
  /** For a guided denoiser, the prediction from which guidance moves away, such as the prediction without conditions. */
  readonly unguided?: Denoiser<P, I>['apply'];
  /** For a guided denoiser, the prediction from which the next level takes its noise, if it differs from `apply`. */
  readonly renoise?: Denoiser<P, I>['apply'];
  /** The evaluations in sequence of a denoiser with memory. `apply` is the first evaluation. */
  readonly recurrent?: Recurrent<P, I>;
}

const meaning = /* @__PURE__ */ argument(
  'learningVariance: as',
  oneOf('range', 'logVariance'),
  'give the meaning of the variance output',
);

/**
 * Makes a denoiser from a function with two results, prediction and variance: `apply` returns the first, `learned` both. Raises
 * `ConfigError` for an unknown meaning of the variance.
 * @example
 * const denoiser = learningVariance<null, [2]>({
 *   predicts: 'epsilon',
 *   as: 'range',
 *   apply: (_, x) => ({ prediction: x, variance: zerosLike(x) }),
 * })
 * denoiser.apply(null, ones(1, 2), { t: iota(1) }) // → [[1, 1]]
 * denoiser.learned!.apply(null, ones(1, 2), { t: iota(1) }).variance // → [[0, 0]]
 */
export const learningVariance = <P, I extends Shape>({
  as,
  apply,
  ...denoiser
}: LearnedVariance<P, I> & Omit<Denoiser<P, I>, 'apply' | 'learned'>): Denoiser<P, I> => ({
  ...denoiser,
  apply: (params, x, at) => apply(params, x, at).prediction,
  learned: { as: meaning.demand(as), apply },
});

/** A trainable denoiser: a denoiser with a specification of its parameters. */
export interface Model<P, I extends Shape> extends Denoiser<P, I> {
  readonly params: TreeSpec<P>;
  /** Initial parameters. */
  readonly init: (key: Key) => P;
}
