import type { Shape } from '../../dsl/index.js';
import { crc32 } from '../../formats/crc32.js';
import { defaults, type Recipe } from './recipe.js';

const textOf = (numbers: ArrayLike<number>): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(Array.from(numbers)));

/** What is a function goes by its name. */
const nameOf = ({ name }: { readonly name: string }): string => (name === '' ? 'a function' : name);

/**
 * What a recipe can say of itself, as JSON, for snapshots whose configuration nobody gave: all that decides its
 * numbers and is no function, and the names of its loss and its draw of timesteps. A learning rate that follows the step
 * is only said to do so.
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
  process: { T: schedule.T, betas: crc32(textOf(schedule.betas)), timesteps: crc32(textOf(timesteps)) },
  learningRate: typeof learningRate === 'number' ? learningRate : 'a function of the step',
  loss: nameOf(loss),
  averageDecay,
  labelDropout,
  ...(condition === undefined ? {} : { condition: nameOf(condition) }),
  timesteps: nameOf(draw),
});
