/** The recipes of the page, by name. */
import { fail, fork, key, type NoisefoldError, type RandomKey } from 'noisefold/dsl';
import type { Snapshot } from 'noisefold/training';
import { either as E, function as F } from 'fp-ts';
import { recipeDecoder } from '../../mnist/config.js';
import { type Recipe, recipe as demo, settings as demoSettings } from '../../mnist/recipe.js';
import { CLASSES, SIDE } from '../shared/extent.js';
import type { Settings } from '../shared/settings.js';

/** A new training, or one from a snapshot. */
export interface Plan {
  readonly recipe: Recipe;
  readonly batch: number;
  readonly key: RandomKey;
  readonly from: Snapshot | null;
}

const tiny: Recipe = {
  ...demo,
  model: { ...demo.model, base: 2, multipliers: [1, 2], heads: 1, groups: 1 },
  muonRate: null,
  warmupSteps: 2,
  decaySteps: 40,
  heldOutEvery: 10,
  heldOutImages: 4,
};

/** `digits` is the recipe of the demo for half as many steps, by Adam alone, whose update takes a GPU few kernels. */
const recipes: Readonly<Record<Settings['recipe'], { readonly recipe: Recipe; readonly batch: number }>> = {
  digits: { recipe: { ...demo, muonRate: null, decaySteps: 900 }, batch: demoSettings.batch },
  tiny: { recipe: tiny, batch: 4 },
};

const HINT = 'open a checkpoint of this page';

/** A recipe for our digits, with all its defaults. */
const decoded = (recipe: unknown): E.Either<NoisefoldError, Recipe> =>
  F.pipe(
    recipeDecoder({ where: 'its recipe', hint: HINT })(recipe),
    E.flatMap((known) => {
      const { image, conditions, predicts, timesteps } = known.model;
      const label = conditions?.['label'];
      const classes = typeof label === 'object' && 'classes' in label ? label.classes : 0;
      const [expected, actual] = [
        `images ${SIDE}×${SIDE}×1 of ${CLASSES} classes, v, 1000 timesteps`,
        `images ${image.join('×')} of ${classes} classes, ${predicts}, ${timesteps} timesteps`,
      ];
      return actual === expected
        ? E.right(known)
        : fail('ConfigError', { where: 'its model', expected, actual, hint: HINT });
    }),
  );

/** A new training. */
export const freshPlan = (name: Settings['recipe'], seed: number): E.Either<NoisefoldError, Plan> =>
  F.pipe(
    decoded(recipes[name].recipe), // as in checkpoints
    E.map((recipe) => ({ ...recipes[name], recipe, key: fork(key(seed), 'train').train, from: null })),
  );

/** Tests for a training of the demo, by Muon on other digits: it does not go on here, but its network draws. */
export const isOfDemo = ({ recipe }: Plan): boolean => recipe.muonRate !== null;

/** The training of a snapshot. Returns a `ConfigError` for an unknown recipe. */
export const resumedPlan = (from: Snapshot): E.Either<NoisefoldError, Plan & { readonly from: Snapshot }> =>
  F.pipe(
    decoded(from.config),
    // an older version of the page wrote the same recipe in another form
    E.map((recipe) => ({ recipe, batch: from.batch, key: from.key, from: { ...from, config: recipe } })),
  );
