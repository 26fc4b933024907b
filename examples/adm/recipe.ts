/** The recipe of the example: two networks with the blocks of ADM (Dhariwal & Nichol 2021), and how they are used. */
import type { Dim, NoisefoldError } from 'noisefold/dsl';
import { ddpm, linear, type DiscreteNoising } from 'noisefold/diffusion';
import {
  type ClassifierConfig,
  type EncoderClassifier,
  encoderClassifier,
  type UNet,
  unet,
  type UNetConfig,
} from 'noisefold/nn';
import { either as E, function as F } from 'fp-ts';

/** The training of a network. */
export interface Schedule {
  readonly batch: number;
  readonly steps: number;
  /** The share of the total time after which the training ends, even before its last step. */
  readonly share: number;
  /** Rises over the warm-up, then falls along half a cosine to a twentieth at the last step. */
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly averageDecay: number;
}

/** Everything that the results depend on, except the seed and the time. */
export interface Recipe {
  readonly denoiser: UNetConfig;
  readonly classifier: ClassifierConfig & { readonly classes: number };
  readonly training: { readonly denoiser: Schedule; readonly classifier: Schedule };
  /** The scales of the classifier's gradient, rising; 0 is unguided. */
  readonly scales: readonly number[];
  /** The steps of DDIM. */
  readonly grid: number;
  /** The number of digits that are drawn at each scale in a round, and the maximum number of rounds. */
  readonly batch: number;
  readonly rounds: number;
  /** The test digits that samples are compared with. */
  readonly real: number;
}

/**
 * ADM's blocks (section 3 of the paper): residual up- and downsampling, adaptive group norm, heads of a fixed number of
 * channels.
 */
const blocks = {
  image: [28, 28, 1],
  blocks: 1,
  attention: [7],
  heads: { channels: 16 },
  groups: 8,
  adaptiveGroupNorm: true,
  resample: 'residual',
  sinusoid: 'guided-diffusion',
  timesteps: 1000,
} as const;

export const recipe: Recipe = {
  denoiser: {
    ...blocks,
    base: 16,
    multipliers: [1, 2, 4],
    conditions: { label: { classes: 10, required: true } },
    predicts: 'v',
  },
  classifier: { ...blocks, base: 16, multipliers: [1, 2, 4], classes: 10, pool: 'attention' },
  training: {
    denoiser: { batch: 16, steps: 1800, share: 0.5, learningRate: 3e-3, warmupSteps: 20, averageDecay: 0.99 },
    classifier: { batch: 32, steps: 900, share: 0.63, learningRate: 2e-3, warmupSteps: 20, averageDecay: 0.99 },
  },
  scales: [0, 1, 2, 4, 8, 16],
  grid: 20,
  batch: 50,
  rounds: 8,
  real: 2000,
};

/** The recipe with at most `digits` digits at each scale. */
export const withAtMost = (digits: number, recipe: Recipe): Recipe => {
  const batch = Math.min(recipe.batch, digits);
  return { ...recipe, batch, rounds: Math.floor(digits / batch) };
};

export interface Networks {
  readonly denoiser: UNet<[Dim, Dim, Dim]>;
  readonly classifier: EncoderClassifier<[Dim, Dim, Dim]>;
  readonly noising: DiscreteNoising;
}

/**
 * The networks and their process, with the linear schedule of ADM. The `cosine` schedule has so little signal at its
 * end that a guide would move x̂₀ there by 20,000 times its gradient. Returns a `ConfigError` for an invalid recipe.
 */
export const networksOf = ({ denoiser, classifier }: Recipe): E.Either<NoisefoldError, Networks> =>
  F.pipe(
    E.Do,
    E.bind('denoiser', () => unet(denoiser)),
    E.bind('classifier', () => encoderClassifier(classifier)),
    E.bind('noising', () => ddpm(linear(1000))),
  );
