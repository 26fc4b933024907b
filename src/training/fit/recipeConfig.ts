import type { ImageShape } from '../../data/dataset.js';
import { sampledConfig } from '../../checkpoints/storedModel.js';
import { nameOf } from '../../data/identity.js';
import { learningOf } from './trainingLosses.js';
import { type AnyRecipe, defaults, conditionDropoutOf } from './recipe.js';

/**
 * The default configuration of snapshots: a description of a recipe as JSON. It contains everything that determines the
 * results, and the names of functions: of the loss and of the draw of times. The settings of the optimizer and the
 * averages are stored separately, by `trainingSettings`.
 */
export const recipeConfig = <P, I extends ImageShape>(recipe: AnyRecipe<P, I>): unknown => {
  const {
    optimizer: { learningRate },
    averageDecay = defaults.averageDecay,
    conditions,
    coupling,
    times: draw = defaults.times,
  } = recipe;
  return {
    ...sampledConfig(recipe),
    learningRate: typeof learningRate === 'number' ? learningRate : 'a function of the step',
    loss: nameOf(learningOf(recipe).objective),
    ...(typeof averageDecay === 'number' && { averageDecay }),
    conditionDropout: conditionDropoutOf(recipe),
    ...(conditions && {
      made: Object.fromEntries(Object.entries(conditions).map(([name, make]) => [name, nameOf(make)])),
    }),
    ...(coupling === undefined ? {} : { coupling: nameOf(coupling) }),
    times: nameOf(draw),
  };
};
