/** What is learned and how: every knob of the demo is in this file. */
import { attempt, type Dim, fail, failure, type NoisefoldError } from 'noisefold/dsl';
import {
  ancestral,
  cfg,
  cosine,
  ddim,
  ddpm,
  gridOf,
  type Guidance,
  type Process,
  stratifiedTimesteps,
  type TimestepDraw,
} from 'noisefold/diffusion';
import {
  adam,
  chain,
  clipByGlobalNorm,
  cosineDecay,
  type Optimizer,
  type UNet,
  unet,
  type UNetConfig,
  warmup,
} from 'noisefold/nn';
import type { Sampling } from 'noisefold/training';
import { either as E, function as F } from 'fp-ts';

/** What decides the numbers of a training: checkpoints carry it, and a run keeps the one it began with. */
export interface Recipe {
  readonly model: UNetConfig;
  /** It grows over the first updates, and falls along half a cosine to a twentieth of itself at `decaySteps`. */
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly decaySteps: number;
  /** The largest norm of the whole gradient. */
  readonly clip: number;
  readonly averageDecay: number;
  /** How often the class is left out, so that guidance has something to lead away from. */
  readonly labelDropout: number;
  /** After how many steps the loss on test images is measured, and on how many of them. */
  readonly heldOutEvery: number;
  readonly heldOutImages: number;
}

/** Where the demo can run; `auto` is the best that works. */
export const BACKENDS = ['wasm', 'webgpu', 'node-gpu', 'node', 'auto', 'cpu', 'reference'] as const;

/** What the command line may change. */
export interface Settings {
  readonly backend: (typeof BACKENDS)[number];
  readonly seed: number;
  readonly batch: number;
  readonly steps: number;
  /** The most minutes of training, resumed runs added up; null is no limit. */
  readonly minutes: number | null;
  readonly checkpointEvery: number;
  /** The solver and its number of steps, such as `ddim:50`. */
  readonly sampler: string;
  /** The scale of classifier-free guidance; 1 is unguided. */
  readonly guidance: number;
}

/** v-prediction with guidance gives clear digits after some hundred steps. */
export const recipe: Recipe = {
  model: {
    image: [28, 28, 1],
    base: 16,
    multipliers: [1, 2, 4],
    blocks: 1,
    heads: 4,
    groups: 8,
    adaptiveGroupNorm: true,
    classes: 10,
    timesteps: 1000,
    predicts: 'v',
  },
  learningRate: 3e-3,
  warmupSteps: 20,
  decaySteps: 900,
  clip: 1,
  averageDecay: 0.99,
  labelDropout: 0.1,
  heldOutEvery: 100,
  heldOutImages: 64,
};

export const settings: Settings = {
  backend: 'wasm',
  seed: 7,
  batch: 16,
  steps: 900,
  minutes: 3,
  checkpointEvery: 100,
  sampler: 'ddim:20',
  guidance: 2.5,
};

/** How many digits are drawn, one class a column, and how many of them at a time. */
export const drawing = { rows: 10, batch: 50 } as const;

/** A way to sample: a solver, and on how many timesteps. */
type Drawn = Required<Pick<Sampling, 'solver' | 'grid'>>;

/** What a text such as `ddim:50` names. `ConfigError`. */
export const drawnBy = (text: string): E.Either<NoisefoldError, Drawn> => {
  const { name, steps } = /^(?<name>ddim|ddpm):(?<steps>[1-9]\d{0,5})$/.exec(text)?.groups ?? {};
  return name === undefined
    ? fail('ConfigError', {
        where: 'sampler',
        expected: 'ddim or ddpm with a number of steps, such as ddim:25',
        actual: JSON.stringify(text),
        hint: 'the fewer steps, the faster',
      })
    : E.right({ solver: name === 'ddim' ? ddim() : ancestral(), grid: Number(steps) });
};

/** A recipe made into what trains and samples. */
export interface Parts extends Drawn {
  readonly model: UNet<[Dim, Dim, Dim]>;
  readonly process: Process;
  readonly optimizer: Optimizer;
  readonly timesteps: TimestepDraw;
  readonly guidance: Guidance;
}

/** Makes the parts. What does not fit together is a `ConfigError`, before anything runs. */
export const partsOf = (
  { model, learningRate, warmupSteps, decaySteps, clip }: Recipe,
  { sampler, guidance }: Pick<Settings, 'sampler' | 'guidance'>,
): E.Either<NoisefoldError, Parts> =>
  F.pipe(
    E.Do,
    E.bind('model', () => unet(model)),
    E.bind('process', ({ model: { config } }) => ddpm(cosine(config.timesteps))),
    E.bind('drawn', () => drawnBy(sampler)),
    E.tap(({ drawn, process }) =>
      E.mapLeft((error: NoisefoldError) => failure('ConfigError', { ...error, where: `sampler ${sampler}` }))(
        gridOf(drawn.grid)(process),
      ),
    ),
    E.flatMap(({ drawn, ...made }) =>
      attempt(() => ({
        ...made,
        ...drawn,
        optimizer: chain(
          clipByGlobalNorm(clip),
          adam({
            learningRate: F.pipe(
              learningRate,
              warmup(warmupSteps),
              cosineDecay({ from: warmupSteps, steps: decaySteps, floor: 0.05 }),
            ),
          }),
        ),
        timesteps: stratifiedTimesteps,
        guidance: cfg(guidance),
      })),
    ),
  );
