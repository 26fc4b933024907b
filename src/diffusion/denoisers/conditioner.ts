/** Conditions that a training makes from its images. */
import type { ConditionImage, ConditionValue, ConditionValues } from '../../conditions/values.js';
import { type Dim, fork, type Key, type Shape, type Tensor } from '../../dsl/index.js';

/**
 * Makes the values of a condition from the data, in the graph; random numbers come from the key. Snapshots identify it by its
 * name.
 */
export type Conditioner<I extends Shape> = <B extends Dim>(x0: Tensor<[B, ...I]>, key: Key) => ConditionValue<B>;

/** Makes an image of each sample from the data: {@link Conditioner}. */
export type ImageConditioner<I extends Shape> = <B extends Dim>(x0: Tensor<[B, ...I]>, key: Key) => ConditionImage<B>;

/** Makes conditions from the data, by name. */
export type Conditioners<I extends Shape> = Readonly<Record<string, Conditioner<I>>>;

/** The conditions of a batch: the values of the data, and those that are made from x_0, each from a key of its own. */
export const withMade = <B extends Dim, I extends Shape>(
  conditioners: Conditioners<I> = {},
  x0: Tensor<[B, ...I]>,
  key: Key,
  values: ConditionValues<B> = {},
): ConditionValues<B> => {
  const made = Object.entries(conditioners).map(([name, make]) => [name, make(x0, fork(key, name)[name]!)] as const);
  return { ...values, ...Object.fromEntries(made) };
};
