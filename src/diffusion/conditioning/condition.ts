import { type Dim, type Key, raise, type Shape, type Tensor } from '../../dsl/index.js';
import { joinBatches } from '../process/batch.js';

/** An image that each sample is to go with: for super-resolution (SR3, Saharia et al. 2021), a small one. */
export interface Condition<B extends Dim> {
  /** `[B, height, width, channels]`, in [-1, 1], of a size of its own. */
  readonly image: Tensor<[B, Dim, Dim, Dim]>;
  /**
   * How noisy it was made, `[B]`: the timestep t of q(x_t|x_0) by which the network is asked for this noise.
   * Left out where it is as it is. See `conditioningAugmentation`.
   */
  readonly t?: Tensor<[B], 'int32'>;
}

/**
 * Makes of data what a denoiser of them is conditioned on: in the graph, from a key where something is drawn. Its name
 * tells it from others in snapshots.
 */
export type Conditioner<I extends Shape> = <B extends Dim>(x0: Tensor<[B, ...I]>, key: Key) => Condition<B>;

/** A conditioner with a name, which tells it from others in snapshots. */
export const namedConditioner = <I extends Shape>(name: string, conditioner: Conditioner<I>): Conditioner<I> =>
  Object.defineProperty(conditioner, 'name', { value: name });

/** What images a denoiser is conditioned on. */
export interface ConditionedOn {
  readonly channels: number;
  /** Whether it has to be told how noisy they are; false if left out. */
  readonly noiseLevel?: boolean;
}

/** Raises `ConfigError` unless a condition is there for a denoiser that has one, and for no other. */
export const requireCondition = (wanted: ConditionedOn | undefined, given: Condition<Dim> | undefined): void => {
  if ((wanted === undefined) === (given === undefined)) return;
  raise(
    'ConfigError',
    wanted === undefined
      ? {
          where: 'denoiser',
          expected: 'no condition: it is conditioned on no image',
          actual: 'one',
          hint: 'leave it out, or say by `condition` what images the denoiser takes',
        }
      : {
          where: 'denoiser',
          expected: `an image as the condition of each sample, [B, height, width, ${wanted.channels}]`,
          actual: 'none',
          hint: 'give it where labels are given: to losses, steps of samplers, `fit` and `sample`',
        },
  );
};

/** The conditions of two batches, as `joinBatches` joins these. */
export const joinConditions = <B extends Dim>(first: Condition<B>, second: Condition<NoInfer<B>>): Condition<Dim> => ({
  image: joinBatches(first.image, second.image),
  ...(first.t && second.t && { t: joinBatches(first.t, second.t) }),
});
