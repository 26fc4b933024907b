import type { HostClasses, HostConditions } from '../../conditions/hostValues.js';
import type { Correction, Grid, Guidance, Solver } from '../../diffusion/index.js';
import { solverPart } from '../../diffusion/parts.js';
import { gridPart } from '../../diffusion/grids/grid.js';
import type { FloatStorage, RandomKey, Resident } from '../../dsl/index.js';
import { floatStorage } from '../../dsl/types/storage.js';
import { functionOf, hinted, hostKey, natural, positive, refined, withRefusal } from '../../internal/decode.js';
import type { Itself } from '../../internal/itself.js';
import { raise } from '../../internal/errors.js';
import { t } from '../../internal/fp.js';
import { TO_UNIT } from '../../internal/numbers.js';
import { isObject, numbers, part, signal } from '../../internal/parts.js';
import { optional, record, schema } from '../../internal/schema.js';
import type { GivenBeginning, GivenKnown, GivenNoise } from './givenImages.js';
import { type GivenNoises, noisesRecord } from './givenNoise.js';
import type { Columns } from '../../data/columns.js';
import type { ImageShape } from '../../data/dataset.js';
import { hostConditions } from '../../data/hostRows.js';
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
   * A trained classifier, or the parameters of any guide. Compares a classifier with the model: images, noise levels and
   * names of classes must be the same, and no step of a deterministic solver may multiply the signal by more than 50
   * (docs/guidance.md). If the model has no names, labels may be names of the classifier. Parameters of other guides are not
   * checked: they must be for the process of the model.
   */
  readonly guide?: Itself<Resident<Q> | TrainedClassifier<Q, J>>;
  /** The correction of each x̂₀; default `clipToImage`, which clips to [-1, 1]. Give `uncorrected` for data beyond [-1, 1]. */
  readonly correction?: Correction;
  /**
   * Rounds the parameters, and those of the guide, to 'float16' or 'bfloat16' for this sampling, and computes in float32.
   * The rounded copies need more memory: to save memory, load the parameters in 16 bits with `loadWeights`. Parameters that
   * are stored in 16 bits do not need this option.
   */
  readonly storage?: FloatStorage;
  /** True to draw with another process than the process of the training or a respaced part of it. */
  readonly allowOtherNoising?: boolean;
  /** The key of all random numbers; sample i draws from `foldIn(key, i)`. */
  readonly key: RandomKey;
  /**
   * The class of each sample: its number, from 0, or its name if the model or the training has names; null for a sample without a
   * class. Short for the condition `label`.
   */
  readonly labels?: HostClasses;
  /**
   * The values of each sample, by the name of the condition: classes, vectors, tokens or images, null for none. The values of one
   * sample serve all. Their number is the number of samples.
   */
  readonly conditions?: HostConditions;
  /** Images to start from, in place of noise; or the noise itself, such as the result of `encode`. */
  readonly from?: GivenBeginning | GivenNoise;
  /** Images of which the samples keep a part; the model generates the rest. */
  readonly known?: GivenKnown;
  /** Noise for the steps of the solver, in place of drawn noise, to repeat a run number by number. */
  readonly noise?: GivenNoises;
  /**
   * True to take the noise of a stochastic solver from one Brownian path for each sample, so that more steps converge to the
   * same sample, as with the Brownian trees of k-diffusion: see `brownianNoise`. The host then draws about forty times as
   * many numbers. Does not change churn.
   */
  readonly brownian?: boolean;
  /** The number of samples; by default the number of labels, of values of a condition, or of images, or 1. */
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

/** Refuses bytes of JavaScript callers, whose 0 and 1 would mean grey and white. */
const notBytes = hinted(
  refined(
    numbers,
    'numbers in a Float32Array',
    (data) => !(data instanceof Uint8Array || data instanceof Uint8ClampedArray),
  ),
  TO_UNIT,
);

/** Images with numbers of a type. For a data set, the error says how to take images from it. */
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

const labelList = hinted(
  part<HostClasses>('an array of the numbers or names of classes, or null', 'length'),
  'give [0, 1]',
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
  labels: optional(labelList),
  conditions: optional(hostConditions),
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

/** The largest default number of samples at a time: the memory of a program grows with this number. */
const MOST_AT_ONCE = 256;

/** The values of all conditions, with the labels as those of `label`. Raises `ConfigError` for both. */
export const valuesOf = (
  where: string,
  { labels, conditions = {} }: Pick<Sampling, 'labels' | 'conditions'>,
): HostConditions =>
  labels === undefined
    ? conditions
    : 'label' in conditions
      ? raise('ConfigError', {
          where: `${where}: labels`,
          expected: 'labels, or conditions.label',
          actual: 'both',
          hint: 'leave one of them out',
        })
      : { ...conditions, label: labels };

/** The total number of samples, and the number at a time. Raises `ConfigError` for inconsistent counts. */
export const countsOf = (
  where: string,
  columns: Columns,
  { known, count, batch }: Pick<Sampling, 'known' | 'count' | 'batch'>,
  beginning: Images | undefined,
): { readonly all: number; readonly batch: number } => {
  const counts = Object.entries(columns).filter(([, column]) => column.count !== 1);
  const [first] = counts;
  const most = count ?? first?.[1].count ?? (known?.images ?? beginning)?.shape[0] ?? 1;
  const other = counts.find(([, column]) => column.count !== most);
  if (other !== undefined)
    raise('ConfigError', {
      where: `${where}: conditions.${other[0]}`,
      expected: `a value for each of ${most} samples, or for one`,
      actual: `${other[1].count}`,
      hint: count === undefined ? `${first![0]} has ${most} values` : 'leave the count out, or give as many values',
    });
  if (most < 1) {
    const hint = 'give labels, images, or a count';
    raise('ConfigError', { where, expected: 'at least one sample', actual: `${most}`, hint });
  }
  return { all: most, batch: Math.min(most, batch ?? Math.ceil(most / Math.ceil(most / MOST_AT_ONCE))) };
};
