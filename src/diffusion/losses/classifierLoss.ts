/** The training loss of a classifier of noisy data. */
import { recognizedBy, sizeOf } from '../../conditions/conditions.js';
import { add, cast, type Dim, dims, equal, mul, neg, type Shape, type Tensor } from '../../dsl/index.js';
import { withName } from '../../internal/dual.js';
import { show } from '../../internal/decode.js';
import { raise, showShape } from '../../internal/errors.js';
import { requireTimestepsWithin } from '../denoisers/overNoising.js';
import type { Classifier } from '../guidance/guide.js';
import type { SampleLosses } from './objective.js';
import type { LossInputs, LossOptions } from './lossInputs.js';
import { noisedBatch } from './loss.js';
import { type Noising, pathOf } from '../paths/noising.js';
import { recognized, requiredLabel } from '../guidance/guide.js';

/** The losses of a batch, and its accuracy, which `fit` reports beside the loss. */
export interface ClassifiedLosses<B extends Dim> extends SampleLosses<B> {
  /** 1 for each sample whose class has the greatest logit, 0 for the others, `[B]`; the mean over several conditions. */
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

const sumOf = <B extends Dim>(vectors: readonly Tensor<[B]>[]): Tensor<[B]> => vectors.reduce((a, b) => add(a, b));

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
 * The cross entropy −log p(y|x_t) of each sample, summed over the conditions that the classifier recognizes, `[B]`, at a timestep and with noise drawn from the key (its forks
 * 'timestep', 'noise' and 'dropout'): the training loss of a classifier of noisy data (Dhariwal & Nichol 2021, section 4).
 * Timesteps are uniform, or drawn by `times`. {@link simpleLosses} with the same key has the same x_t.
 *
 * - `x0`: data, `[B, ...I]`, images in [-1, 1]
 * - `conditions` of the inputs: the class of each sample, `[B]`, by name; the class that means none has the loss 0, and a class out of
 *   range gives NaN
 *
 * Raises `ConfigError` for dropout of conditions, and a process with timesteps that the classifier does not know; when the program is traced,
 * also for missing labels and logits of another number of classes.
 * @example
 * const tilted: Classifier<null, []> = {
 *   classes: 2,
 *   apply: (_, x) => pipe(x, expandDims(1), matmul(constantOf([0, 0], 1, 2))), // p = ½ for both classes
 * }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const losses = program({ x0: 'B', label: 'B:int32', k: 'key' }, ({ x0, label, k }) =>
 *   classifierLosses(noising, tilted)(null, { x0, key: k, conditions: { label } }),
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
    const { timesteps, apply } = classifier;
    const specs = recognizedBy(classifier.classes);
    const classes = Object.values(specs).reduce((all, spec) => all + sizeOf(spec), 0);
    if ((options.conditionDropout ?? 0) !== 0)
      raise('ConfigError', {
        where: 'classifierLosses: conditionDropout',
        expected: '0, because a classifier needs the class of each sample',
        actual: show(options.conditionDropout),
        hint: 'leave it out; it is for denoisers with conditions',
      });
    const noised = noisedBatch(noising, classifier, options);
    const path = pathOf(noising);
    requireTimestepsWithin('classifier', path, timesteps);
    return (params, inputs) => {
      const { x0 } = inputs;
      for (const name of Object.keys(specs))
        requiredLabel('classifierLosses', inputs, name, 'give the loss the classes of its data');
      const { xt, at } = noised(inputs);
      const logits = checkedLogits(apply(params, xt, path.clock.of(at.t), at.dropout), dims(x0)[0], classes);
      const each = recognized(specs, logits, inputs);
      const hits = each.map(({ y, likeliest }) => cast(equal(likeliest, y), 'float32'));
      return {
        losses: neg(sumOf(each.map(({ logP }) => logP))),
        t: at.t,
        accuracy: each.length === 1 ? hits[0]! : mul(sumOf(hits), 1 / each.length),
      };
    };
  },
);
