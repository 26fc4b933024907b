import type { Shape } from '../../dsl/index.js';
import { crc32 } from '../../formats/crc32.js';
import { defaults, type Recipe } from './recipe.js';

/** A check of numbers or words. */
export const textCheck = (list: ArrayLike<number | string>): number =>
  crc32(new TextEncoder().encode(JSON.stringify(Array.from(list))));

/** The name of a function. */
const nameOf = ({ name }: { readonly name: string }): string => (name === '' ? 'a function' : name);

/**
 * The default configuration of snapshots: a description of a recipe as JSON. It contains everything that decides the results,
 * and the names of functions: of the loss and of the draw of timesteps. The settings of the optimizer
 * and the averages are stored apart, by `trainingSettings`.
 */
export const recipeConfig = <P, I extends Shape>({
  model: { predicts, classes },
  process: { schedule, timesteps },
  optimizer: { learningRate },
  loss = defaults.loss,
  averageDecay = defaults.averageDecay,
  labelDropout = defaults.labelDropout,
  condition,
  timesteps: draw = defaults.timesteps,
}: Recipe<P, I>): unknown => ({
  predicts,
  classes: classes ?? null,
  process: { T: schedule.T, betas: textCheck(schedule.betas), timesteps: textCheck(timesteps) },
  learningRate: typeof learningRate === 'number' ? learningRate : 'a function of the step',
  loss: nameOf(loss),
  ...(typeof averageDecay === 'number' && { averageDecay }),
  labelDropout,
  ...(condition === undefined ? {} : { condition: nameOf(condition) }),
  timesteps: nameOf(draw),
});
