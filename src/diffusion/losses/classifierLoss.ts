/** The training loss of a classifier of noisy data. */
import {
  argmax,
  cast,
  type Dim,
  dims,
  div,
  equal,
  logSoftmax,
  mul,
  neg,
  oneHot,
  type Shape,
  sum,
  type Tensor,
} from '../../dsl/index.js';
import { withName } from '../../internal/dual.js';
import { raise, showShape } from '../../internal/errors.js';
import { requireTimestepsWithin } from '../denoisers/overNoising.js';
import type { Classifier } from '../guidance/guide.js';
import type { SampleLosses } from './objective.js';
import type { LossInputs, LossOptions } from './lossInputs.js';
import { noisedBatch } from './loss.js';
import { type Noising, pathOf } from '../paths/noising.js';
import { requiredLabel } from '../denoisers/labelChecks.js';

/** The losses of a batch, and its accuracy, which `fit` reports beside the loss. */
export interface ClassifiedLosses<B extends Dim> extends SampleLosses<B> {
  /** 1 for each sample where the label has the greatest logit, 0 for the others, `[B]`. */
  readonly accuracy: Tensor<[B]>;
}

/** The losses of a batch of labelled data, each sample at a timestep and with noise drawn from `key`. */
export type ClassifierLosses<Q, I extends Shape> = <B extends Dim>(
  params: Q,
  inputs: LossInputs<B, I>,
) => ClassifiedLosses<B>;

/**
 * A loss for any classifier and process: {@link classifierLosses}, or your own. Snapshots identify it by its function
 * name and its settings.
 */
export interface ClassifierObjective {
  <Q, I extends Shape>(noising: Noising, classifier: Classifier<Q, I>, options?: LossOptions): ClassifierLosses<Q, I>;
  /** The options that the loss was made from, as JSON. */
  readonly settings?: unknown;
}

/** Checks the shape of the logits of a batch. Raises `ConfigError` for another, such as a denoiser's prediction. */
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
 * The cross entropy −log p(y|x_t) of each sample, `[B]`, at a timestep and with noise drawn from the key (its forks
 * 'timestep', 'noise' and 'dropout'): the training loss of a classifier of noisy data (Dhariwal & Nichol 2021, section 4).
 * Timesteps are uniform, or drawn by `times`. {@link simpleLosses} with the same key has the same x_t.
 *
 * - `x0`: data, `[B, ...I]`, images in [-1, 1]
 * - `label` of the inputs: the class of each sample, `[B]`; a label out of range gives NaN
 *
 * Raises `ConfigError` for label dropout, and a process with timesteps that the classifier does not know; when the program is traced,
 * also for missing labels and logits of another number of classes.
 * @example
 * const tilted: Classifier<null, []> = {
 *   classes: 2,
 *   apply: (_, x) => pipe(x, expandDims(1), matmul(constantOf([0, 0], 1, 2))), // p = ½ for both classes
 * }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const losses = program({ x0: 'B', label: 'B:int32', k: 'key' }, ({ x0, label, k }) =>
 *   classifierLosses(noising, tilted)(null, { x0, key: k, label }),
 * )
 * const inputs = { x0: Float32Array.of(1, -1), label: Int32Array.of(0, 1), k: key(7) }
 * await using nf = await open(reference())
 * const result = await nf.run(evaluate(losses, { B: 2 })(inputs))
 * result.losses // → [0.693, 0.693]
 * result.accuracy // → [1, 0]
 */
export const classifierLosses: ClassifierObjective = /* @__PURE__ */ withName<ClassifierObjective>(
  'classifierLosses',
  (noising, classifier, options = {}) => {
    const { classes, timesteps, apply } = classifier;
    if ((options.labelDropout ?? 0) !== 0)
      raise('ConfigError', {
        where: 'classifierLosses: labelDropout',
        expected: '0, because a classifier needs the label of each image',
        actual: `${options.labelDropout}`,
        hint: 'leave it out; it is for denoisers with classes',
      });
    const noised = noisedBatch(noising, classifier, options);
    const path = pathOf(noising);
    requireTimestepsWithin('classifier', path, timesteps);
    return (params, inputs) => {
      const { x0, label } = inputs;
      const y = requiredLabel('classifierLosses', label, 'give the loss the labels of its data');
      const { xt, at } = noised(inputs);
      const logits = checkedLogits(apply(params, xt, path.clock.of(at.t), at.dropout), dims(x0)[0], classes);
      const isClass = oneHot(y, classes) as typeof logits; // checkedLogits checked the extents
      const logP = div(sum(mul(logSoftmax(logits), isClass), -1), sum(isClass, -1));
      return { losses: neg(logP), t: at.t, accuracy: cast(equal(argmax(logits, -1), y), 'float32') };
    };
  },
);
