/** The types of losses, with the fields that training reads. */
import {
  type Dim,
  type Elementwise,
  mean,
  type Scalar,
  type Shape,
  type Tensor,
  type TreeSpec,
} from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import type { Itself } from '../../internal/itself.js';
import { withName } from '../../internal/dual.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import type { Noising } from '../paths/noising.js';
import type { TimeType } from '../paths/path.js';
import type { LossInputs, LossOptions } from './lossInputs.js';

/** The loss of each sample and its timestep, which weightings use. */
export interface SampleLosses<B extends Dim> {
  readonly losses: Tensor<[B]>;
  readonly t: Tensor<[B], TimeType>;
  /** For a classifier: 1 for a correct class, 0 for a wrong one. Only reported; not part of the gradient. */
  readonly accuracy?: Tensor<[B]>;
}

/** The losses of a batch. The time and the noise of each sample are inputs, or drawn from `key`. */
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

/** A moving average of the parameters, by the share of the newest parameters at each update: `emaConstant(0.95)`. */
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
   * The weight of the squared error of x̂₀ in the losses, as a function of the log-SNR: SNR for `boundLosses`. Left out if the
   * losses are the squared error of the prediction.
   */
  readonly weighting?: Elementwise;
  /** The trained denoiser that the losses learn from. They get its parameters as `teacher`. */
  readonly teacher?: AnyTeacher;
  /** The moving average of the parameters that the losses compare with. They get it as `target`. */
  readonly target?: TargetAverage;
  /**
   * True if the denoiser learns to predict the end of the probability flow through x_t, which `consistency` needs; false if it
   * learns something else, such as the mean of the data. Unknown if left out.
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
