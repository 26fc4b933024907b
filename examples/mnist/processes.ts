/** The noising processes of the demo: DDPM, flow matching and EDM train the same network. */
import { edm, logNormalTimes, type Model, type Noising, preconditioned, rectifiedFlow } from 'noisefold/diffusion';
import type { Dim, NoisefoldError } from 'noisefold/dsl';
import type { UNetParams } from 'noisefold/nn';
import { either as E, function as F } from 'fp-ts';
import { type Parts, partsOf, type Recipe, type Settings } from './recipe.js';

/** The parts of a recipe with any process. */
export interface DemoParts extends Omit<Parts, 'model' | 'noising'> {
  readonly model: Model<UNetParams, [Dim, Dim, Dim]>;
  readonly noising: Noising;
}

/** The root mean square of the numbers of the digits. */
const SIGMA_DATA = 1;

/** More noise than in the paper, whose data have half this σ_data: the class of a digit is decided at σ of 1 to 3. */
const TIMES = logNormalTimes({ mean: -0.2, deviation: 1.2 });

type Making = (recipe: Recipe, settings: Settings) => E.Either<NoisefoldError, DemoParts>;

const making: Readonly<Record<Settings['process'], Making>> = {
  ddpm: partsOf,
  flow: (recipe, settings) =>
    F.pipe(
      partsOf({ ...recipe, model: { ...recipe.model, predicts: 'velocity' } }, settings),
      E.map((parts) => ({ ...parts, noising: rectifiedFlow() })),
    ),
  edm: (recipe, settings) =>
    F.pipe(
      partsOf({ ...recipe, model: { ...recipe.model, timesteps: 'continuous' } }, settings),
      E.flatMap(({ model: network, ...parts }) =>
        E.map((model: DemoParts['model']) => ({ ...parts, model }))(
          preconditioned(network, { as: 'edm', sigmaData: SIGMA_DATA }),
        ),
      ),
      E.map((parts) => ({ ...parts, noising: edm({ sigmaData: SIGMA_DATA }), timesteps: TIMES })),
    ),
};

/** Makes the parts. Returns a `ConfigError` if they are incompatible. */
export const demoPartsOf: Making = (recipe, settings) => making[settings.process](recipe, settings);
