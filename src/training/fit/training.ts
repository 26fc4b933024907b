import type { Model } from '../../diffusion/index.js';
import type { Backend, NoisefoldError, RandomKey } from '../../dsl/index.js';
import { exactly, natural, positive, refined } from '../../internal/decode.js';
import { t, type either, type taskEither } from '../../internal/fp.js';
import {
  checked,
  conditioner,
  dataSet,
  functionPart,
  hostKey,
  json,
  learnablePart,
  part,
  processPart,
  rate,
  signal,
} from '../checked.js';
import type { Dataset, ImageShape } from '../data/dataset.js';
import type { Snapshot } from '../checkpoints/snapshot.js';
import type { StopSignal } from '../../internal/stop.js';
import type { Learnable, Recipe } from './recipe.js';

/** Images that nothing is learned from, to measure on. */
export interface HeldOut<I extends ImageShape = ImageShape> {
  readonly data: Dataset<I>;
  /** The number of steps between measurements. The first one is before the first step. */
  readonly every: number;
  /** The number of images that count, always the first ones: by default 256, or all if there are fewer. */
  readonly images?: number;
}

/** A training to be run. */
export interface Training<P, I extends ImageShape, M extends Learnable<P, I> = Model<P, I>> extends Recipe<P, I, M> {
  readonly data: Dataset<NoInfer<I>>;
  readonly batch: number;
  /** The number of updates in all, with those before a resumed snapshot. */
  readonly steps: number;
  readonly key: RandomKey;
  readonly heldOut?: HeldOut<NoInfer<I>>;
  /**
   * A description of the recipe, as JSON of at most 100 levels and 4 million characters: it goes into snapshots, and
   * tells them apart. By default the process, the numbers, a learning rate that is a number, and the names of loss and
   * draw.
   */
  readonly config?: unknown;
  /** The snapshot to resume from; its key, batch, configuration and settings must be those of this training. */
  readonly from?: Snapshot;
  /**
   * True to resume with another configuration than that of the snapshot: other settings of the optimizer, such as its
   * learning rate, of the averages, of the data, or another `config`. Model, key and batch stay, and so does what the
   * optimizer and the averages remember. Default false: that is a `CheckpointMismatch`.
   */
  readonly anySettings?: boolean;
  /**
   * True to resume also on a backend that rounds sums of products otherwise than the one of the snapshot: the run then
   * ends with other bits than without the interruption. Default false: that is a `CheckpointMismatch`.
   */
  readonly anyRounding?: boolean;
  /** Ends the run before its next step, as `Cancelled`. */
  readonly signal?: StopSignal;
  /** The backend that tells where NaN began: the reference. Without it only the step is told. */
  readonly oracle?: taskEither.TaskEither<NoisefoldError, Backend>;
}

/** A training of any network. */
export type AnyTraining<P, I extends ImageShape> = Training<P, I, Learnable<P, I>>;

const average = t.union(
  [rate, part('an average, such as emaPower(0.1)', 'settings', 'share')],
  'a number in [0, 1), or an average such as emaPower(0.1)',
);
const averages = t.union(
  [average, refined(t.array(average), 'a list of averages', (list) => list.length > 0)],
  'a number in [0, 1), an average such as emaPower(0.1), or a list of these',
);

const required = {
  model: learnablePart,
  process: processPart,
  optimizer: part('an optimizer, such as adam({ learningRate: 1e-3 })', 'learningRate', 'state', 'init', 'update'),
  data: dataSet,
  batch: positive,
  steps: natural,
  key: hostKey,
};
const optional = {
  loss: functionPart('a loss, such as simpleLosses'),
  averageDecay: averages,
  accumulate: positive,
  labelDropout: rate,
  condition: conditioner,
  timesteps: t.union(
    [
      functionPart('a draw of timesteps, such as uniformTimesteps'),
      part('a draw that learns', 'name', 'memory', 'draw', 'mean', 'record'),
    ],
    'a draw of timesteps, such as uniformTimesteps',
  ),
  heldOut: exactly({ data: dataSet, every: positive }, { images: positive }),
  config: json,
  from: part('a snapshot', 'step', 'key', 'batch', 'tensors'),
  anyRounding: t.boolean,
  anySettings: t.boolean,
  signal,
  oracle: functionPart('a backend to acquire, such as reference()'),
};

/** The required and optional fields of a {@link Training}, for `exactly`. */
export const trainingFields = [required, optional] as const;

/** A training whose fields are what they should be, and no others; otherwise a `ConfigError`. */
export const checkedTraining: <T>(training: T) => either.Either<NoisefoldError, T> = checked(
  'training',
  exactly(...trainingFields),
);
