/** The recipe of the demo: all of its settings, and the network that it trains. */
import { type Dim, fail, type NoisefoldError } from 'noisefold/dsl';
import { ancestral, cosine, ddim, ddpm, type Model, type Noising } from 'noisefold/diffusion';
import { unet, type UNetConfig, type UNetParams } from 'noisefold/nn';
import type { Sampling } from 'noisefold/training';
import { either as E, function as F } from 'fp-ts';
import type { OptimizerSettings } from './adam.js';

/** The settings that determine the results of a training. Checkpoints contain them, and a run cannot change them. */
export interface Recipe extends OptimizerSettings {
  readonly model: UNetConfig;
  readonly averageDecay: number;
  /** The probability of dropping the class, for classifier-free guidance. */
  readonly labelDropout: number;
  /** The interval between measurements of the held-out loss, in steps, and the number of its images. */
  readonly heldOutEvery: number;
  readonly heldOutImages: number;
}

/** The backends of the demo; `auto` selects the fastest that works. */
export const BACKENDS = [
  'wasm',
  'webgpu',
  'auto',
  'reference',
  'tfjs-node-gpu',
  'tfjs-node',
  'tfjs-webgpu',
  'tfjs-wasm',
  'tfjs-cpu',
] as const;

/** The noising processes of the demo. */
export const PROCESSES = ['ddpm', 'flow', 'edm'] as const;

/** The settings that the command line may change. */
export interface Settings {
  readonly process: (typeof PROCESSES)[number];
  readonly backend: (typeof BACKENDS)[number];
  readonly seed: number;
  readonly batch: number;
  readonly steps: number;
  /** The maximum minutes of training, summed over resumed runs; null for no limit. */
  readonly minutes: number | null;
  readonly checkpointEvery: number;
  /** The solver and its number of steps, such as `ddim:50`. */
  readonly sampler: string;
  /** The scale of classifier-free guidance; 1 is unguided. */
  readonly guidance: number;
}

/** v-prediction, Muon and guidance give clear digits after some hundred steps. */
export const recipe: Recipe = {
  model: {
    image: [28, 28, 1],
    base: 16,
    multipliers: [1, 2, 4],
    blocks: 1,
    heads: 4,
    groups: 8,
    adaptiveGroupNorm: true,
    conditions: { label: 10 },
    timesteps: 1000,
    predicts: 'v',
  },
  learningRate: 3e-3,
  muonRate: 0.01,
  warmupSteps: 20,
  decaySteps: 1800,
  clip: 1,
  averageDecay: 0.99,
  labelDropout: 0.1,
  heldOutEvery: 100,
  heldOutImages: 64,
};

export const settings: Settings = {
  process: 'ddpm',
  backend: 'wasm',
  seed: 7,
  batch: 16,
  steps: 1800,
  minutes: 4,
  checkpointEvery: 100,
  sampler: 'ddim:20',
  guidance: 2,
};

/** The number of digits to draw, one class per column, and the batch size. */
export const drawing = { rows: 10, batch: 50 } as const;

/** A solver and its number of timesteps. */
export type SolverAndGrid = Required<Pick<Sampling, 'solver' | 'grid'>>;

/** Parses a solver such as `ddim:50`. Returns a `ConfigError` for any other text. */
export const drawnBy = (text: string): E.Either<NoisefoldError, SolverAndGrid> => {
  const { name, steps } = /^(?<name>ddim|ddpm):(?<steps>[1-9]\d{0,5})$/.exec(text)?.groups ?? {};
  return name === undefined
    ? fail('ConfigError', {
        where: 'sampler',
        expected: 'ddim or ddpm with a number of steps, such as ddim:25',
        actual: JSON.stringify(text),
        hint: 'fewer steps are faster',
      })
    : E.right({ solver: name === 'ddim' ? ddim() : ancestral(), grid: Number(steps) });
};

/** The network of a recipe, and the noising process that it learns to reverse. */
export interface Architecture {
  readonly model: Model<UNetParams, [Dim, Dim, Dim]>;
  readonly noising: Noising;
}

/** The number of classes of a network; 1 for a network without labels. */
export const classesOf = ({ conditions }: Pick<Architecture['model'], 'conditions'>): number => {
  const label = conditions?.['label'];
  return label !== undefined && 'classes' in label ? label.classes : 1;
};

/** Makes the architecture. Returns a `ConfigError` for a model that is impossible. */
export const architectureOf = ({ model: config }: Recipe): E.Either<NoisefoldError, Architecture> =>
  F.pipe(
    unet(config),
    E.flatMap((model) =>
      E.map((noising: Noising): Architecture => ({ model, noising }))(ddpm(cosine(model.timesteps ?? 1000))),
    ),
  );
