/** A small data set of bars and a recipe for it, in place of digits. */
import { unwrap } from 'noisefold';
import { type Dataset, datasetOf } from 'noisefold/training';
import type { Recipe } from './recipe.js';

/** The height and width of an image. */
export const SIZE = 4;

/** Images of two classes: vertical and horizontal bars. */
export const bars: Dataset = unwrap(
  datasetOf({
    pixels: Uint8Array.from({ length: 16 * SIZE ** 2 }, (_, i) => {
      const [image, y, x] = [Math.floor(i / SIZE ** 2), Math.floor(i / SIZE) % SIZE, i % SIZE];
      return (image % 2 === 0 ? x : y) === (image >> 1) % SIZE ? 255 : 0;
    }),
    labels: Uint8Array.from({ length: 16 }, (_, i) => i % 2),
    image: [SIZE, SIZE, 1],
  }),
);

export const barsRecipe: Recipe = {
  model: { image: [SIZE, SIZE, 1], base: 4, multipliers: [1], blocks: 1, heads: 2, groups: 2, conditions: { label: 2 }, timesteps: 20, predicts: 'v' },
  learningRate: 1e-2,
  muonRate: null,
  warmupSteps: 2,
  decaySteps: 100,
  clip: 1,
  averageDecay: 0.9,
  labelDropout: 0.5,
  heldOutEvery: 2,
  heldOutImages: 4,
}; // oxfmt-ignore
