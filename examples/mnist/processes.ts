/** The noising processes of the demo: DDPM, flow matching and EDM train the same network. */
import { edm, type Model, type Noising, preconditioned, rectifiedFlow, usualTimes } from 'noisefold/diffusion';
import type { Dim, NoisefoldError } from 'noisefold/dsl';
import type { UNetParams } from 'noisefold/nn';
import { either as E, function as F } from 'fp-ts';
import { type Parts, partsOf, type Recipe, type Settings } from './recipe.js';

/** The parts of a recipe with any process. */
export interface DemoParts extends Omit<Parts, 'model' | 'noising'> {
  readonly model: Model<UNetParams, [Dim, Dim, Dim]>;
  readonly noising: Noising;
}

/** The standard deviation of the numbers of the digits, of [-1, 1]. */
const SIGMA_DATA = 0.6;

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
      E.map((parts) => ({ ...parts, noising: edm({ sigmaData: SIGMA_DATA }), timesteps: usualTimes })),
    ),
};

/** Makes the parts. Returns a `ConfigError` if they are incompatible. */
export const demoPartsOf: Making = (recipe, settings) => making[settings.process](recipe, settings);
