import { type Correction, type Grid, type Guidance, type Model, type Solver } from '../../diffusion/index.js';
import { solverPart } from '../../diffusion/parts.js';
import { gridPart } from '../../diffusion/grids/grid.js';
import { checkUnconditional } from '../../diffusion/denoisers/labelChecks.js';
import type { FloatStorage, RandomKey, Resident } from '../../dsl/index.js';
import { floatStorage } from '../../dsl/types/storage.js';
import { functionOf, hinted, hostKey, natural, positive, refined, withRefusal } from '../../internal/decode.js';
import type { Itself } from '../../internal/itself.js';
import { orRaise, raise } from '../../internal/errors.js';
import { t } from '../../internal/fp.js';
import { TO_UNIT } from '../../internal/numbers.js';
import { isObject, numbers, signal } from '../../internal/parts.js';
import { optional, record, schema } from '../../internal/schema.js';
import type { GivenCondition } from './conditions.js';
import type { GivenBeginning, GivenKnown, GivenNoise } from './givenImages.js';
import { type GivenNoises, noisesRecord } from './givenNoise.js';
import type { ImageShape } from '../../data/dataset.js';
import type { Images } from '../../data/images.js';
import type { TrainedClassifier } from '../../checkpoints/trained.js';
import type { StopSignal } from '../../internal/stop.js';

/** Samples in progress, as the model predicts them. */
export interface Preview {
  /** x̂₀ of the samples of one batch, guided and corrected, from the last evaluation. */
  readonly images: Images;
  /** The index of the first one among all samples. */
  readonly first: number;
  /** The number of evaluations that are done. */
  readonly done: number;
  readonly of: number;
}

/** The samples to draw, and options. */
export interface Sampling<Q = unknown, J extends ImageShape = ImageShape> {
  /** The solver, such as `dpmSolverPP({ order: 2 })` or `ddim()`. */
  readonly solver: Solver;
  /** The number of steps: see `gridOf`; or a grid. By default every timestep of a schedule; a continuous path needs one. */
  readonly grid?: number | Grid;
  /** False to end at the last level of the grid, with its noise; by default samples are data. */
  readonly toData?: boolean;
  /** The guidance, such as `cfg(2)`; none if left out. */
  readonly guidance?: Guidance<{ readonly guide: Q }, J>;
  /**
   * A trained classifier, which is compared with the model: its images, its noise levels and the names of its classes must be
   * the same, and no step of a solver without noise may multiply the signal by more than 50 (docs/guidance.md). Its names serve
   * as labels if the model has none. Or the parameters of any guide, which are not checked: the guide must be for the process
   * of the model.
   */
  readonly guide?: Itself<Resident<Q> | TrainedClassifier<Q, J>>;
  /** The correction of each x̂₀; `clipToImage` if left out, which cuts data beyond [-1, 1]: give `uncorrected` for them. */
  readonly correction?: Correction;
  /**
   * Rounds the parameters, and those of the guide, to 'float16' or 'bfloat16' for this sampling, and computes in float32.
   * This needs more memory, for the rounded copies, not less: to save memory, load the parameters so with `loadWeights`.
   * Parameters that are stored in 16 bits are used as they are, without this option.
   */
  readonly storage?: FloatStorage;
  /** True to draw with a process that is neither that of the training nor respaced from it. */
  readonly allowOtherNoising?: boolean;
  /** The key of all random numbers; sample i draws from `foldIn(key, i)`. */
  readonly key: RandomKey;
  /**
   * The class of each sample, for a model with classes: its number, from 0, or its name if the trained model has
   * `classes`; null for a sample without a class. Their number is the number of samples.
   */
  readonly labels?: readonly (number | string | null)[];
  /** One image for each sample, or one for all, for a model that is conditioned on images. */
  readonly condition?: GivenCondition;
  /** Images to start from, in place of noise; or the noise itself, such as the result of `encode`. */
  readonly from?: GivenBeginning | GivenNoise;
  /** Images of which the samples keep a part; the model generates the rest. */
  readonly known?: GivenKnown;
  /** Noise for the steps of the solver, in place of drawn noise, to repeat a run number by number. */
  readonly noise?: GivenNoises;
  /**
   * True for noise of a stochastic solver that is the increments of one Brownian path for each sample, so that more steps approach the
   * same sample, as with the Brownian trees of k-diffusion: see `brownianNoise`. The host draws it, some forty times as many numbers;
   * churn is drawn as without it.
   */
  readonly brownian?: boolean;
  /** The number of samples, if there are no labels; by default the number of images, or 1. */
  readonly count?: number;
  /**
   * The number of samples at a time; by default equal parts of all, of at most 256. It does not change the samples: each draws
   * its noise from a key of its own.
   */
  readonly batch?: number;
  /** The index of the first sample, from which the next ones count; default 0. Sample i draws from `foldIn(key, i)`. */
  readonly first?: number;
  /**
   * Called after each evaluation of the model, with the numbers of finished evaluations and samples; most solvers evaluate
   * once a step. The next evaluation waits for the promise or the task that it returns; an error in it ends the sampling.
   */
  readonly onStep?: (done: number, of: number, images: number) => unknown;
  /**
   * `show` is called every `every` evaluations of a batch. The next one waits for the promise or the task that it returns; an
   * error in it ends the sampling. Needs no further evaluations of the model.
   */
  readonly previews?: {
    readonly every: number;
    readonly show: (preview: Preview) => unknown;
  };
  /** Ends the sampling before its next step, as `Cancelled`. */
  readonly signal?: StopSignal;
}

/** JavaScript callers may pass bytes, whose 0 and 1 would be taken for grey and white. */
const notBytes = hinted(
  refined(
    numbers,
    'numbers in a Float32Array',
    (data) => !(data instanceof Uint8Array || data instanceof Uint8ClampedArray),
  ),
  TO_UNIT,
);

/** Images with numbers of a type; of a data set, which is not images, the error says how to take some. */
/* @__NO_SIDE_EFFECTS__ */
const recordOf = <A>(data: t.Type<A>) =>
  withRefusal(record({ data, shape: t.array(natural) }), (value) =>
    isObject(value) && 'batch' in value && 'size' in value
      ? {
          expected: 'images { data, shape }',
          actual: 'a data set',
          hint: 'take some of it: unwrap(await imagesAt(data, [0, 1])())',
        }
      : null,
  );

export const imagesRecord = recordOf(notBytes);

const label = t.union([t.number, t.string, t.null], 'the number or the name of a class, or null');

const labelArray = withRefusal(t.array(label, 'an array of labels'), (value) =>
  Array.isArray(value)
    ? null
    : { expected: 'an array of labels', hint: 'give [0, 1], or Array.from(labels) of a typed array' },
);

const listener = functionOf('a function');

/** The fields of a sampling that a `Preparation` also has; only the solver is required. */
export const samplerFields = {
  solver: solverPart as t.Type<Solver>, // parts.ts does not import the type: that would be a cycle
  grid: optional(gridPart),
  guidance: optional(functionOf('a guidance, such as cfg(2)')),
  guide: optional(t.unknown),
  correction: optional(functionOf('a correction, such as clipToImage')),
  batch: optional(positive),
  allowOtherNoising: optional(t.boolean, false),
};

/** The end of the samples: the data, or the last level of the grid. */
export const toData = optional(t.boolean, true);

/** The fields of a request; only the key is required. */
export const requestFields = {
  key: hostKey,
  labels: optional(labelArray),
  condition: optional(record({ images: imagesRecord, t: optional(t.number) })),
  from: optional(
    t.union(
      [record({ images: imagesRecord, strength: t.number }), record({ noise: imagesRecord })],
      '{ images, strength }, or { noise }',
    ),
  ),
  known: optional(
    record({
      images: imagesRecord,
      mask: recordOf(
        hinted(numbers, 'give 1 where the image is kept and 0 elsewhere: Float32Array.from(mask, Number)'),
      ),
      resamples: optional(t.number),
      jump: optional(t.number),
    }),
  ),
  noise: optional(noisesRecord),
  brownian: optional(t.boolean, false),
  count: optional(positive),
  first: optional(natural, 0),
  onStep: optional(listener),
  previews: optional(record({ every: positive, show: listener })),
  signal: optional(signal),
};

export const samplings = schema('sample', {
  ...{ solver: samplerFields.solver, key: hostKey }, // errors list the required ones first
  ...samplerFields,
  ...requestFields,
  toData,
  storage: optional(floatStorage),
} satisfies Record<keyof Sampling, unknown>).elsewhere(
  ['model', 'noising', 'image', 'params', 'classes'],
  'give it to sample as its first argument: sample(trained, { … })',
);

/** A sampling whose labels are numbers. */
export type Numbered<S extends Pick<Sampling, 'labels'>> = Omit<S, 'labels'> & { readonly labels?: readonly number[] };

/** The number of samples at a time by default, at most: a program has a key for each, and its memory grows with them. */
const MOST_AT_ONCE = 256;

/** The total number of samples, and the number at a time. Raises `ConfigError` for inconsistent labels or counts. */
export const countsOf = (
  where: string,
  denoiser: Pick<Model<never, never>, 'classes' | 'unconditional'>,
  { labels, condition, known, count, batch }: Numbered<Omit<Sampling, 'guidance' | 'solver'>>,
  beginning: Images | undefined,
): { readonly all: number; readonly batch: number } => {
  if (!labels?.every((label) => label !== denoiser.classes)) orRaise(checkUnconditional(`${where}: labels`, denoiser));
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
  return { all, batch: Math.min(all, batch ?? Math.ceil(all / Math.ceil(all / MOST_AT_ONCE))) };
};
