/** The recipe of the faces: the network, its training, and how faces are drawn. */
import type { Dim, NoisefoldError } from 'noisefold/dsl';
import { cosine, ddpm, type DiscreteNoising } from 'noisefold/diffusion';
import { type UNet, unet, type UNetConfig } from 'noisefold/nn';
import { either as E, function as F } from 'fp-ts';
import type { OptimizerSettings } from '../mnist/adam.js';
import { attributes, IMAGE } from './attributes.js';

/** Everything that the results depend on, except the seed, the steps and the time. */
export interface Recipe extends Omit<OptimizerSettings, 'decaySteps'> {
  readonly network: Omit<UNetConfig, 'conditions'> & { readonly conditions: typeof attributes };
  readonly batch: number;
  readonly averageDecay: number;
  /** The rates at which attributes are hidden in training: all of a face together, and each on its own. */
  readonly conditionDropout: { readonly together: number; readonly each: number };
  /** The number of faces for training. */
  readonly faces: number;
  /** The steps of DDIM with η = 1, whose noise corrects errors of earlier steps, and the scale of classifier-free guidance. */
  readonly grid: number;
  readonly guidance: number;
}

export const recipe: Recipe = {
  network: {
    image: IMAGE,
    base: 24,
    multipliers: [1, 2, 2],
    blocks: 1,
    heads: 4,
    groups: 8,
    embedding: 64,
    adaptiveGroupNorm: true,
    conditions: attributes,
    timesteps: 1000,
    predicts: 'v',
  },
  batch: 32,
  learningRate: 3e-3,
  muonRate: 0.01,
  warmupSteps: 20,
  clip: 1,
  averageDecay: 0.995,
  conditionDropout: { together: 0.1, each: 0.1 },
  faces: 20_000,
  grid: 25,
  guidance: 1.5,
};

export interface Architecture {
  readonly model: UNet<[Dim, Dim, Dim], typeof attributes>;
  readonly noising: DiscreteNoising;
}

/** The network and its process. Returns a `ConfigError` for an invalid recipe. */
export const architectureOf = ({ network }: Recipe): E.Either<NoisefoldError, Architecture> =>
  F.pipe(
    E.Do,
    E.bind('model', () => unet(network)),
    E.bind('noising', () => ddpm(cosine(1000))),
  );
