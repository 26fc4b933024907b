import {
  checkedLabels,
  type Correction,
  type Grid,
  type Guidance,
  type Model,
  type Solver,
} from '../../diffusion/index.js';
import { requiredUnconditional } from '../../diffusion/required.js';
import { type NoisefoldError, raise, type RandomKey, type Resident } from '../../dsl/index.js';
import { exactly, natural, positive } from '../../internal/decode.js';
import { orRaise } from '../../internal/errors.js';
import { t, type taskEither } from '../../internal/fp.js';
import { functionPart, grid, hostKey, part, signal } from '../checked.js';
import type { GivenCondition } from './conditions.js';
import type { GivenBeginning, GivenKnown, GivenNoise } from './givenImages.js';
import type { ImageShape } from '../data/dataset.js';
import type { Images } from '../data/images.js';
import type { StopSignal } from '../../internal/stop.js';

/** Samples in progress: what they are going to be, by the last prediction. */
export interface Preview {
  /** x̂₀ of the samples of one batch, guided and corrected: of the last step, the first where that evaluates more often. */
  readonly images: Images;
  /** Which of all samples is the first of them. */
  readonly first: number;
  /** How many of all steps are done. */
  readonly done: number;
  readonly of: number;
}

/** How samples are drawn, and how many. */
export interface Sampling<Q = unknown, J extends ImageShape = ImageShape> {
  readonly solver: Solver;
  /** How many timesteps, `trailing` back from the last, or a grid; every timestep if not given. */
  readonly grid?: number | Grid;
  readonly guidance?: Guidance<{ readonly guide: Q }, J>;
  /** The parameters of a guide that has some, such as a classifier's. */
  readonly guide?: Resident<Q>;
  readonly correction?: Correction;
  readonly key: RandomKey;
  /** The class of each sample, for a model with classes; their number is the number of samples. */
  readonly labels?: readonly number[];
  /** The images that samples are to go with, for a model that is conditioned on them: as many samples are made. */
  readonly condition?: GivenCondition;
  /** Images to begin at, in place of noise alone; or the noise itself, such as `encode` gives. */
  readonly from?: GivenBeginning | GivenNoise;
  /** Images of which a part is kept, and the rest painted. Where it is known, a sample is the image itself. */
  readonly known?: GivenKnown;
  /** How many samples, where there are no labels; as many as there are images if not given, or 1. */
  readonly count?: number;
  /**
   * How many are made at a time; all if not given. Noise is drawn for a batch at once, by a key of the batch, so that another
   * number gives other samples of the same key; how many batches follow changes none.
   */
  readonly batch?: number;
  /** Told after each step how many of all steps, and how many samples, are done. */
  readonly onStep?: (done: number, of: number, images: number) => void;
  /**
   * Shown after each `every` steps of a batch, while the sampling rests; a `Left` ends it. Nothing is evaluated for them
   * that a step does not evaluate anyway.
   */
  readonly previews?: {
    readonly every: number;
    readonly show: (preview: Preview) => taskEither.TaskEither<NoisefoldError, void>;
  };
  /** Ends the sampling before its next step, as `Cancelled`. */
  readonly signal?: StopSignal;
}

const images = exactly({ data: part('numbers, such as a Float32Array', 'length'), shape: t.array(natural) });

const solver = part('a solver, such as ddim()', 'integrate');

/** Fields of a sampling that decide how samples are drawn: for `exactly`, all optional but the solver. */
const wayFields = {
  grid,
  guidance: functionPart('a guidance, such as cfg(2)'),
  guide: t.unknown,
  correction: functionPart('a correction, such as clipToImage'),
  batch: positive,
};

/** Fields of a sampling that decide which samples are drawn, all optional but the key. */
const requestFields = {
  labels: t.array(t.number),
  condition: exactly({ images }, { t: t.number }),
  from: t.union(
    [exactly({ images, strength: t.number }), exactly({ noise: images })],
    '{ images, strength }, or { noise }',
  ),
  known: exactly({ images, mask: images }, { resamples: t.number, jump: t.number }),
  count: positive,
  onStep: functionPart('a function'),
  previews: exactly({ every: positive, show: functionPart('a function') }),
  signal,
};

/** A {@link Sampling}, its fields by their names. */
export const samplingCodec = exactly({ solver, key: hostKey }, { ...wayFields, ...requestFields });

/** The part of a sampling that is prepared, and the part that is asked for. */
export const preparationCodec = exactly({ solver }, wayFields);
export const requestCodec = exactly({ key: hostKey }, requestFields);

const { labels, condition, onStep } = requestFields;

const encodingFields = { ...wayFields, labels, condition, onStep, signal, solver, key: hostKey };

/** The fields of an `Encoding`. */
export const encodingCodec = exactly({ images }, encodingFields);

/** The number of samples in all and at a time. Raises `ConfigError` for labels or counts that do not fit. */
export const countsOf = (
  where: string,
  denoiser: Pick<Model<never, never>, 'classes' | 'unconditional'>,
  { labels, condition, known, count, batch }: Omit<Sampling, 'guidance'>,
  beginning: Images | undefined,
): { readonly all: number; readonly batch: number } => {
  orRaise(checkedLabels(denoiser, { where: (at) => `${where}: label of sample ${at}` })(labels ?? []));
  if (!labels?.every((label) => label !== denoiser.classes))
    orRaise(requiredUnconditional(`${where}: labels`, denoiser));
  if (labels !== undefined && count !== undefined && labels.length !== count)
    raise('ConfigError', {
      where: `${where}: count`,
      expected: `${labels.length}, a sample for each label`,
      actual: `${count}`,
      hint: 'leave the count out, or give as many labels',
    });
  const images = condition?.images ?? known?.images ?? beginning;
  const all = labels?.length ?? count ?? images?.shape[0] ?? 1;
  if (all < 1) {
    const hint = 'give labels, images, or a count';
    raise('ConfigError', { where, expected: 'at least one sample', actual: `${all}`, hint });
  }
  return { all, batch: Math.min(all, batch ?? all) };
};
