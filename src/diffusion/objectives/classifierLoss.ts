/** The loss that a classifier of noisy data learns from. */
import {
  argmax,
  cast,
  type Dim,
  dims,
  div,
  equal,
  type Key,
  logSoftmax,
  mul,
  neg,
  oneHot,
  type Shape,
  showShape,
  sum,
  type Tensor,
} from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import { networkTimesteps } from '../conditioning/networkTimesteps.js';
import { requireTimestepsWithin } from '../denoiser/denoiser.js';
import type { Classifier } from '../guidance/guide.js';
import type { SampleLosses } from './loss.js';
import { type LossOptions, noisedBatch } from './noisedBatch.js';
import type { Process } from '../process/process.js';
import { requiredLabel } from '../conditioning/labelChecks.js';

/** The losses of a batch, and how many of its classes are right: what `fit` reports beside the loss. */
export interface ClassifiedLosses<B extends Dim> extends SampleLosses<B> {
  /** 1 for each sample whose class has the greatest logit, 0 for the others, `[B]`. */
  readonly accuracy: Tensor<[B]>;
}

/** The losses of a batch of labelled data, each sample at a timestep and with a noise drawn from `key`. */
export type ClassifierLosses<Q, I extends Shape> = <B extends Dim>(
  params: Q,
  x0: Tensor<[B, ...I]>,
  key: Key,
  label?: Tensor<[NoInfer<B>], 'int32'>,
) => ClassifiedLosses<B>;

/** A loss of any classifier over any process: {@link classifierLosses}, or your own. Its name tells it from others in snapshots. */
export type ClassifierObjective = <Q, I extends Shape>(
  process: Process,
  classifier: Classifier<Q, I>,
  options?: LossOptions,
) => ClassifierLosses<Q, I>;

/** The logits of a batch. Raises `ConfigError` for another shape, such as that of a denoiser's prediction. */
const checkedLogits = <B extends Dim>(logits: Tensor<[B, Dim]>, count: Dim, classes: number): Tensor<[B, Dim]> => {
  const [expected, actual] = [showShape([count, classes]), showShape(dims(logits))];
  return expected === actual
    ? logits
    : raise('ConfigError', {
        where: 'classifier',
        expected: `a logit for each class, ${expected}`,
        actual,
        hint: 'give a classifier as many outputs as `classes`; a denoiser has a field `predicts`',
      });
};

/**
 * The cross entropy −log p(y|x_t) of each sample, `[B]`, at a timestep and with a noise drawn from the key (its forks
 * 'timestep', 'noise' and 'dropout'): the training of a classifier of noisy data (Dhariwal & Nichol 2021, section 4). Timesteps are
 * uniform, or as `timesteps` draws them. {@link simpleLosses} of the same key see the same x_t.
 *
 * - `x0`: data, `[B, ...I]`, images in [-1, 1]
 * - `label`: the class of each, `[B]`; one that is out of range gives NaN
 *
 * A missing label, a label dropout, logits of another number of classes and a process that goes on past the `timesteps` of
 * the classifier are `ConfigError`s, raised when the program is traced.
 * @example
 * const tilted: Classifier<null, []> = {
 *   classes: 2,
 *   apply: (_, x) => pipe(x, expandDims(1), matmul(constantOf([0, 0], 1, 2))), // p = ½ for both classes
 * }
 * const losses = (process: Process) =>
 *   program({ x0: 'B', label: 'B:int32', k: 'key' }, ({ x0, label, k }) =>
 *     classifierLosses(process, tilted)(null, x0, k, label),
 *   )
 * const given = { x0: Float32Array.of(1, -1), label: Int32Array.of(0, 1), k: key(7) }
 * const { losses: perSample, accuracy } = unwrap(
 *   await using(reference())(evaluate(losses(unwrap(ddpm(cosine(1000)))), { B: 2 })(given))(),
 * )
 * perSample // → [0.693, 0.693]
 * accuracy // → [1, 0]
 */
export const classifierLosses: ClassifierObjective = (process, classifier, options = {}) => {
  const { classes, timesteps, apply } = classifier;
  if ((options.labelDropout ?? 0) !== 0)
    raise('ConfigError', {
      where: 'classifierLosses: labelDropout',
      expected: '0: a classifier learns from the label of each image',
      actual: `${options.labelDropout}`,
      hint: 'leave it out; it is for denoisers with classes',
    });
  const noised = noisedBatch(process, classifier, options);
  const toNetwork = networkTimesteps(process);
  return (params, x0, key, label) => {
    requireTimestepsWithin('classifier', process.timesteps, timesteps);
    const y = requiredLabel('classifierLosses', label, 'give the loss the labels of its data');
    const { xt, at } = noised(x0, key, y);
    const logits = checkedLogits(apply(params, xt, toNetwork(at.t), at.dropout), dims(x0)[0], classes);
    const isClass = oneHot(y, classes) as typeof logits; // of the extents that were checked
    const logP = div(sum(mul(logSoftmax(logits), isClass), -1), sum(isClass, -1));
    return { losses: neg(logP), t: at.t, accuracy: cast(equal(argmax(logits, -1), y), 'float32') };
  };
};
