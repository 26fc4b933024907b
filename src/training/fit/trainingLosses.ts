/** The differences between training a denoiser and a classifier; no other file distinguishes them. */
import {
  type ClassifierModel,
  type ClassifierObjective,
  type LossOptions,
  type Losses,
  type Objective,
} from '../../diffusion/index.js';
import { withoutDropout } from '../../diffusion/denoisers/mapDenoiser.js';
import { classifierLosses } from '../../diffusion/losses/classifierLoss.js';
import type { AnyTeacher } from '../../diffusion/losses/objective.js';
import { levelsWithSignal } from '../../diffusion/denoisers/requireSignal.js';
import { pathOf } from '../../diffusion/paths/noising.js';
import { usualLosses } from '../../diffusion/losses/loss.js';
import { nodeOf } from '../../dsl/graph/tensor.js';
import { dims, isTensor, type Shape } from '../../dsl/index.js';
import { show } from '../../internal/decode.js';
import { raise, showType } from '../../internal/errors.js';
import { E } from '../../internal/fp.js';
import { callback } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';
import { isClassifier, type Trained } from '../../checkpoints/trained.js';
import type { ImageShape } from '../../data/dataset.js';
import { type AnyRecipe, conditionDropoutOf } from './recipe.js';

/** The measures of each sample, whose means are reported: the loss and others. */
export type Measure = 'losses' | 'accuracy';

/** A network in training, with its losses. */
export interface Learning<P, I extends Shape> {
  readonly losses: (options: LossOptions) => Losses<P, I>;
  /** The losses on held-out images, at times of the usual draw, with all conditions and without dropout. */
  readonly heldOut: () => Losses<P, I>;
  /** The teacher: a trained denoiser whose parameters the losses receive. */
  readonly teacher?: AnyTeacher;
  /** The loss function, whose name is in snapshots. */
  readonly objective: Objective | ClassifierObjective;
  readonly measures: readonly [Measure, ...Measure[]];
}

/** A field of a recipe that classifiers do not have. */
const refuse = (field: string, hint: string): never =>
  raise('ConfigError', {
    where: `training.${field}`,
    expected: 'no such field: it is for denoisers, and the model is a classifier',
    actual: 'a value',
    hint,
  });

const ofClassifier = <P, I extends Shape>(
  model: ClassifierModel<P, I>,
  { noising, conditions, ...recipe }: AnyRecipe<P, I>,
): Learning<P, I> => {
  if (conditionDropoutOf(recipe) !== 0)
    refuse('conditionDropout', 'leave it out: a classifier is trained on the class of each image');
  if (conditions !== undefined) refuse('conditions', 'leave it out: a classifier takes only the noised image');
  const objective = (recipe.loss ?? classifierLosses) as ClassifierObjective; // the type of its model
  return {
    losses: ({ times }) => objective(noising, model, { ...(times && { times }) }),
    heldOut: () => objective(noising, { ...model, apply: (params, x, t) => model.apply(params, x, t) }),
    objective,
    measures: ['losses', 'accuracy'],
  };
};

const lossesOfLoss = argument(
  'training.loss',
  callback(
    'a loss that returns a function of params and inputs',
    'call the function that makes it, such as consistencyLosses()',
  ),
);

/** Checks the result of a loss function of the caller: one loss for each sample. Raises `ConfigError` for other results. */
const ofEachSample =
  <P, I extends Shape>(losses: Losses<P, I>): Losses<P, I> =>
  (params, inputs) => {
    lossesOfLoss.demand(losses);
    const result = losses(params, inputs);
    const { losses: numbers } = Object(result) as { readonly losses?: unknown };
    const expected = showType({ shape: dims(inputs.x0).slice(0, 1), dtype: 'float32' });
    const actual = isTensor(numbers) ? showType(nodeOf(numbers)) : show(numbers);
    if (actual !== expected)
      raise('ConfigError', {
        where: 'training.loss',
        expected: `a loss that returns { losses, t }, with losses of each sample, ${expected}`,
        actual: isTensor(result) ? 'a tensor' : `losses: ${actual}`,
        hint: 'reduce each sample by meanPerSample; training takes the mean over the batch',
      });
    return result;
  };

/** The losses of a recipe, without checks. */
const lossesOf = <P, I extends Shape>(recipe: AnyRecipe<P, I>): Learning<P, I> => {
  const { model, noising } = recipe;
  if (isClassifier(model)) return ofClassifier(model, recipe);
  const objective = (recipe.loss ?? usualLosses) as Objective; // the type of its model
  const { teacher } = objective;
  return {
    losses: (options) => objective(noising, model, options),
    heldOut: () => objective(noising, withoutDropout(model)),
    objective,
    ...(teacher && { teacher }),
    measures: ['losses'],
  };
};

/** The part of a recipe that the trained network keeps. */
export const keptOf = <P, I extends Shape>(
  recipe: AnyRecipe<P, I>,
): Pick<Trained<P, ImageShape>, 'conditionDropout' | 'estimatesEnd'> => {
  if (isClassifier(recipe.model)) return {};
  const { estimatesEnd } = (recipe.loss ?? usualLosses) as Objective; // the type of its model
  return { conditionDropout: conditionDropoutOf(recipe), ...(estimatesEnd !== undefined && { estimatesEnd }) };
};

/** Warns of a denoiser that is not defined at the end of its path, where sampling begins; null for others. */
export const signalText = <P, I extends Shape>({ model, noising }: AnyRecipe<P, I>): string | null => {
  if (isClassifier(model)) return null;
  const { levelAt, last } = pathOf(noising);
  if (E.isRight(levelsWithSignal('training', [levelAt(last)], model))) return null;
  const subject =
    model.needsSignal === true ? 'the denoiser is preconditioned' : 'the denoiser predicts ε or the score';
  return `${subject}, and the path has no signal at its end, t = ${last}: draw samples with a grid that begins below it, such as karrasGrid(25), or train with predicts: 'v' or 'velocity'`;
};

/** The losses of a recipe. Raises `ConfigError` for fields that a classifier cannot have. */
export const learningOf = <P, I extends Shape>(recipe: AnyRecipe<P, I>): Learning<P, I> => {
  const learning = lossesOf(recipe);
  return {
    ...learning,
    losses: (options) => ofEachSample(learning.losses(options)),
    heldOut: () => ofEachSample(learning.heldOut()),
  };
};
