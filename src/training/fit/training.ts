import { conditionDropout } from '../../conditions/dropout.js';
import type { Model } from '../../diffusion/index.js';
import type { Backend, NoisefoldError, RandomKey } from '../../dsl/index.js';
import { decay, functionOf, hostKey, natural, positive, refined, withRefusal } from '../../internal/decode.js';
import type { Itself } from '../../internal/itself.js';
import { t, type taskEither } from '../../internal/fp.js';
import { callback, part, partLike, partOf, signal } from '../../internal/parts.js';
import { optional, record, schema } from '../../internal/schema.js';
import { conditioners, networkWith, noisingPart } from '../../checkpoints/trained.js';
import { type DataFor, dataSet, type ImageShape } from '../../data/dataset.js';
import { json } from '../../internal/json/json.js';
import type { Snapshot } from '../../checkpoints/snapshot.js';
import type { StopSignal } from '../../internal/stop.js';
import { type Explosion, explosions } from '../warnings/lossSpike.js';
import type { Initial } from './initial.js';
import type { Learnable, Recipe } from './recipe.js';

/** A network to train: a denoiser or a classifier. */
const learnablePart = /* @__PURE__ */ networkWith({ init: callback('a function of a key') });

/** Images that are not used for training, on which the loss is measured. */
export interface HeldOut<I extends ImageShape = ImageShape> {
  readonly data: Itself<DataFor<I>>;
  /** The number of steps between measurements. The first measurement is before the first step. */
  readonly every: number;
  /** The number of images to measure, from the first one: by default 256, or all if there are fewer. */
  readonly images?: number;
  /** Also measures the loss on the first images of the training data, by the same weights and noise. The default is false. */
  readonly training?: boolean;
}

/** The arguments of a training. */
export interface Training<P, I extends ImageShape, M extends Learnable<P, I> = Model<P, I>> extends Recipe<P, I, M> {
  /** The images to learn from, with the values of their conditions if the model takes any. */
  readonly data: Itself<DataFor<NoInfer<I>>>;
  /** The number of images of a step. */
  readonly batch: number;
  /** The total number of updates, including those before a resumed snapshot. */
  readonly steps: number;
  /** The key of all random numbers: of parameters, batches, times, noise and dropout. */
  readonly key: RandomKey;
  /** Images that the training does not learn from, and the interval between measurements of their loss. */
  readonly heldOut?: HeldOut<NoInfer<I>>;
  /**
   * A description of the recipe, as JSON of at most 100 levels and 4 million characters. Snapshots store it, and a
   * resumed run must have the same. By default it contains the process, the numbers of the recipe, the learning rate if it
   * is a number, and the names of the loss and of the draw of times.
   */
  readonly config?: unknown;
  /**
   * The parameters to begin with, instead of random ones, to fine-tune a model: those of {@link loadWeights}, or a
   * trained model. The averages begin with them too. The caller still owns them, and releases them. Not allowed beside
   * `from`; a run folder that resumes has its own parameters.
   */
  readonly initial?: Itself<Initial<NoInfer<P>>>;
  /** The snapshot to resume from; its key, batch, configuration and settings must be those of this training. */
  readonly from?: Snapshot;
  /**
   * True to resume with a configuration that differs from that of the snapshot: other settings of the optimizer, such
   * as its learning rate, of the averages, the loss or the data, or another `config`. Model, key and batch must be the same;
   * the states of the optimizer and the averages are kept. By default, false, a difference is a `CheckpointMismatch`.
   */
  readonly allowOtherSettings?: boolean;
  /**
   * True to resume also on a backend that rounds sums of products differently from that of the snapshot. The run then
   * ends with other bits than without the interruption. By default, false, this is a `CheckpointMismatch`.
   */
  readonly allowOtherRounding?: boolean;
  /**
   * Ends a run whose loss explodes: by default as `Diverged`, when ten losses in a row are above 100 times the mean of the
   * first 100 losses.
   */
  readonly explosion?: Explosion;
  /** True to train on a data set that is smaller than a batch, whose images are then several times in a batch. */
  readonly allowRepeats?: boolean;
  /**
   * Ends the run before its next step, as `Cancelled`, without a result. To keep the result so far, return `'stop'` from
   * `onEvent`, or train in a folder.
   */
  readonly signal?: StopSignal;
  /** The backend that finds the origin of NaN, such as the reference. Without it an event names only the step. */
  readonly oracle?: taskEither.TaskEither<NoisefoldError, Backend>;
}

/** A training of any network. */
export type AnyTraining<P, I extends ImageShape> = Training<P, I, Learnable<P, I>>;

const average = t.union(
  [decay, part('an average, such as emaPower(0.1)', 'settings', 'share')],
  'a number in [0, 1), or an average such as emaPower(0.1)',
);
const averages = t.union(
  [average, refined(t.array(average), 'a list of averages', (list) => list.length > 0)],
  'a number in [0, 1), an average such as emaPower(0.1), or a list of these',
);

/** The fields of a {@link Training}. */
export const trainingFields = {
  model: learnablePart,
  noising: noisingPart,
  optimizer: part('an optimizer, such as adam({ learningRate: 1e-3 })', 'learningRate', 'state', 'init', 'update'),
  data: dataSet,
  batch: positive,
  steps: natural,
  key: hostKey,
  loss: optional(functionOf('a loss, such as simpleLosses')),
  averageDecay: optional(averages),
  accumulate: optional(positive),
  conditionDropout: optional(conditionDropout),
  conditions: optional(conditioners),
  coupling: optional(functionOf('a coupling, such as optimalTransport()')),
  times: optional(
    t.union(
      [
        functionOf('a draw of times, such as uniformTimes'),
        partOf(part('an adaptive draw of times', 'name', 'memory', 'draw', 'mean', 'record'), {
          name: t.string,
          memory: callback('a function of the noising'),
          draw: callback('a function of the memory'),
          mean: callback('a function of the memory'),
          record: callback('a function of the memory'),
        }),
      ],
      'a draw of times, such as uniformTimes',
    ),
  ),
  heldOut: optional(
    withRefusal(
      record({ data: dataSet, every: positive, images: optional(positive), training: optional(t.boolean) }),
      (value) =>
        dataSet.is(value)
          ? {
              expected: '{ data, every }',
              actual: 'a data set',
              hint: 'write heldOut: { data, every: 100 }, with the number of steps between measurements',
            }
          : null,
    ),
  ),
  config: optional(json),
  initial: optional(part('parameters on a backend, or a trained model')),
  from: optional(partLike('a snapshot', 'the result of loadCheckpoint', 'step', 'key', 'batch', 'tensors')),
  allowOtherRounding: optional(t.boolean),
  allowOtherSettings: optional(t.boolean),
  explosion: optional(explosions.type),
  allowRepeats: optional(t.boolean, false),
  signal: optional(signal),
  oracle: optional(functionOf('a backend to acquire, such as reference()')),
} satisfies Record<keyof Training<never, ImageShape>, unknown>;

export const trainings = schema('training', trainingFields);
