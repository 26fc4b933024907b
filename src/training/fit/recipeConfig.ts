import type { Shape } from '../../dsl/index.js';
import { crc32 } from '../../formats/crc32.js';
import { defaults, type Recipe } from './recipe.js';

const textOf = (numbers: ArrayLike<number>): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(Array.from(numbers)));

/** The name of a function. */
const nameOf = ({ name }: { readonly name: string }): string => (name === '' ? 'a function' : name);

/**
 * The default configuration of snapshots: a description of a recipe as JSON. It contains everything that decides the results,
 * and the names of functions: of the loss and of the draw of timesteps. A learning rate that is a function has no further description.
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
