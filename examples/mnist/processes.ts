/** The noising processes of the demo: DDPM, flow matching and EDM train the same network. */
import { edm, logNormalTimes, preconditioned, rectifiedFlow } from 'noisefold/diffusion';
import type { NoisefoldError } from 'noisefold/dsl';
import { either as E, function as F } from 'fp-ts';
import { type Parts, partsOf } from './parts.js';
import type { Recipe, Settings } from './recipe.js';

/** The root mean square of the numbers of the digits. */
const SIGMA_DATA = 1;

/** More noise than in the paper, whose data have half this σ_data: the class of a digit is decided at σ of 1 to 3. */
const EDM = {
  noising: edm(),
  times: logNormalTimes({ mean: -0.2, deviation: 1.2 }),
};

type Making = (recipe: Recipe, settings: Settings) => E.Either<NoisefoldError, Parts>;

const making: Readonly<Record<Settings['process'], Making>> = {
  ddpm: partsOf,
  flow: (recipe, settings) =>
    F.pipe(
      partsOf({ ...recipe, model: { ...recipe.model, predicts: 'velocity' } }, settings),
      E.map((parts): Parts => ({ ...parts, noising: rectifiedFlow() })),
    ),
  edm: (recipe, settings) =>
    F.pipe(
      partsOf({ ...recipe, model: { ...recipe.model, timesteps: 'continuous' } }, settings),
      E.flatMap((parts) =>
        E.map((model: Parts['model']): Parts => ({ ...parts, model, ...EDM }))(
          preconditioned(parts.model, { as: 'edm', sigmaData: SIGMA_DATA }),
        ),
      ),
    ),
};

/** Makes the parts. Returns a `ConfigError` if they are incompatible. */
export const demoPartsOf: Making = (recipe, settings) => making[settings.process](recipe, settings);
