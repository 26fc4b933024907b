import type { Dim, Key, Shape, Tensor } from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import { joinBatches } from '../channels/batch.js';

/** An image that conditions each sample: the small image, for super-resolution (SR3, Saharia et al. 2021). */
export interface Condition<B extends Dim> {
  /** `[B, height, width, channels]`, in [-1, 1]. Its size may differ from that of the samples. */
  readonly image: Tensor<[B, Dim, Dim, Dim]>;
  /**
   * Its noise level, `[B]`: the t of q(x_t|x_0), as the network's timestep. Left out if the image has no noise. See
   * `conditioningAugmentation`.
   */
  readonly t?: Tensor<[B], 'int32'>;
}

/**
 * Makes the condition of each sample from the data, in the graph; random numbers come from the key. Snapshots identify it by
 * its name.
 */
export type Conditioner<I extends Shape> = <B extends Dim>(x0: Tensor<[B, ...I]>, key: Key) => Condition<B>;

/** The images that a denoiser is conditioned on. */
export interface ConditionedOn {
  readonly channels: number;
  /** True if the denoiser needs their noise level. Default: false. */
  readonly noiseLevel?: boolean;
}

/** Raises `ConfigError` for a missing condition, and for a condition that the denoiser does not take. */
export const requireCondition = (spec: ConditionedOn | undefined, condition: Condition<Dim> | undefined): void => {
  if ((spec === undefined) === (condition === undefined)) return;
  raise(
    'ConfigError',
    spec === undefined
      ? {
          where: 'denoiser',
          expected: 'no condition: the denoiser takes no image',
          actual: 'a condition',
          hint: "leave it out, or describe the images in the denoiser's `condition`",
        }
      : {
          where: 'denoiser',
          expected: `an image as the condition of each sample, [B, height, width, ${spec.channels}]`,
          actual: 'none',
          hint: 'give it where labels are given: to losses, steps of samplers, `fit` and `sample`',
        },
  );
};

/** Joins the conditions of two batches, like `joinBatches`. */
export const joinConditions = <B extends Dim>(first: Condition<B>, second: Condition<NoInfer<B>>): Condition<Dim> => ({
  image: joinBatches(first.image, second.image),
  ...(first.t && second.t && { t: joinBatches(first.t, second.t) }),
});
