/** Gradient accumulation: processes a batch in parts, one after another, for the gradient of the whole batch. */
import type { ConditionValues } from '../../conditions/values.js';
import type { SampleLosses } from '../../diffusion/index.js';
import {
  add,
  concatAll,
  type Dim,
  type DType,
  dims,
  foldIn,
  isTensor,
  type Key,
  mapLeaves,
  mul,
  type Scalar,
  type Shape,
  type Tensor,
  type Vectors,
  zipTensors,
} from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import { nodeOf, tensor } from '../../dsl/graph/tensor.js';
import { sliceAlong } from '../../dsl/ops/shape/slicing.js';
import { after, stored } from '../../dsl/primitives/index.js';

/** Images of shape `I` with their classes, and the random numbers for a step. */
export interface Examples<I extends Shape> {
  /** `[B, ...I]`, in [-1, 1]. */
  readonly x0: Tensor<['B', ...I]>;
  /** The values of the data, by the name of the condition; may be left out if the data gives none. */
  readonly conditions?: ConditionValues<'B'>;
  /** `[B, ...I]`, the noise of each image, if the recipe has a coupling; otherwise it is drawn from the key. */
  readonly noise?: Tensor<['B', ...I]>;
  readonly key: Key;
}

/** Splits a batch into the parts that are accumulated, each with its own key; a single part is the batch itself. */
const partsOf = <I extends Shape>(examples: Examples<I>, count: number): readonly Examples<I>[] => {
  if (count === 1) return [examples];
  const { x0, conditions, noise, key } = examples;
  const batch = dims(x0)[0] as number; // known when the program is traced
  const size = batch / count;
  if (!Number.isInteger(size))
    raise('ConfigError', {
      where: 'training.accumulate',
      expected: `a number of parts that divides the batch, ${batch}`,
      actual: `${count}`,
      hint: '`batch` counts the images of all parts together',
    });
  // the type of a part has the symbol of the batch
  const part = <S extends Shape, D extends DType>(x: Tensor<S, D>, i: number): Tensor<S, D> =>
    tensor(sliceAlong(nodeOf(x), 0, i * size, size));
  return Array.from({ length: count }, (_, i) => ({
    x0: part(x0, i),
    ...(conditions && {
      conditions: mapLeaves(conditions, isTensor, (x) => part(x as Tensor<Shape>, i)) as typeof conditions,
    }),
    ...(noise === undefined ? {} : { noise: part(noise, i) }),
    key: foldIn(key, i),
  }));
};

/** x, computed only after the gradients of the part before, so that only one part at a time needs memory. */
const delayed = <S extends Shape>(x: Tensor<S>, [first]: Vectors): Tensor<S> =>
  first === undefined ? x : tensor(after(nodeOf(x), nodeOf(first)));

/** The sum of gradients, computed at once: otherwise the gradients of all parts would stay in memory until the update. */
const summed = (sum: Vectors, gradients: Vectors): Vectors =>
  zipTensors([sum, gradients], (a, b) => tensor(stored(nodeOf(add(a, b)))));

/** The losses of parts as those of one batch. */
const join = (parts: readonly SampleLosses<Dim>[]): SampleLosses<Dim> => {
  const losses = parts.map((part) => part.losses);
  const t = parts.map((part) => part.t);
  const accuracy = parts.flatMap((part) => part.accuracy ?? []);
  // at least two parts, with the same fields
  return {
    losses: concatAll(losses as [Tensor<[Dim]>], 0),
    t: concatAll(t as [Tensor<[Dim], 'int32'>], 0),
    ...(accuracy.length > 0 && { accuracy: concatAll(accuracy as [Tensor<[Dim]>], 0) }),
  };
};

/** The loss of a batch, the loss of each sample, and the gradient of the loss with respect to the parameters. */
interface LossGradient {
  readonly loss: Scalar;
  readonly samples: SampleLosses<Dim>;
  readonly gradients: Vectors;
}

/** Computes the losses and the gradient of a batch in `count` parts, one after another: the means over the parts. */
export const accumulated = <I extends Shape>(
  examples: Examples<I>,
  count: number,
  learnedFrom: (part: Examples<I>) => LossGradient,
): LossGradient => {
  const [first, ...others] = partsOf(examples, count) as [Examples<I>, ...Examples<I>[]]; // at least one
  const whole = learnedFrom(first);
  if (others.length === 0) return whole;
  let { loss, gradients } = whole;
  const parts = [whole.samples];
  for (const part of others) {
    const learned = learnedFrom({ ...part, x0: delayed(part.x0, gradients) });
    parts.push(learned.samples);
    loss = add(loss, learned.loss);
    gradients = summed(gradients, learned.gradients);
  }
  const share = 1 / count;
  return {
    loss: mul(loss, share),
    gradients: zipTensors([gradients], (g) => mul(g, share)),
    samples: join(parts),
  };
};
