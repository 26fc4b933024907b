/** Samples of a data set in the form that a step uses. */
import type { NoisefoldError, RandomKey } from '../dsl/index.js';
import { show } from '../internal/decode.js';
import { isEither } from '../internal/either.js';
import { isError, raise, showShape } from '../internal/errors.js';
import { E, type either, type taskEither } from '../internal/fp.js';
import { type Block, take } from '../internal/gen.js';
import { sizeOf } from '../internal/numbers.js';
import { type StopSignal, unlessStopped } from '../internal/stop.js';
import { type Batch, type Dataset, NO_CLASS } from './dataset.js';
import { type CheckImages, withinUnit } from './images.js';
import { genTask } from '../dsl/run/genEffect.js';

export interface Labelled {
  /** The number of classes of the model, if it has classes. */
  readonly classes?: number;
}

const HINT = 'write batch: (positions) => async () => right({ images, labels }), a Float32Array and an Int32Array';

/** Raises `ConfigError` for a value that is not a batch, from JavaScript. */
const noBatch = (where: string, actual: string, expected = '{ images, labels }', hint = HINT): never =>
  raise('ConfigError', { where: `${where}: batch`, expected, actual, hint });

/** Checks that the result of a task of `batch` is an Either. */
function* resultOf(where: string, value: unknown, signal: StopSignal | undefined): Block<unknown> {
  if (typeof value !== 'function') return noBatch(where, `${show(value)} in place of a task`);
  const answer: unknown = yield* take(unlessStopped(`${where}: batch`, Promise.resolve(value()), signal));
  const result = answer as either.Either<NoisefoldError | null, unknown>;
  if (!isEither(result)) return noBatch(where, `${show(result)} in place of a Left or a Right`);
  if (E.isRight(result)) return result.right;
  return isError(result.left)
    ? yield* take(E.left(result.left))
    : noBatch(where, `a Left of ${show(result.left)}, which is not an error: left(failure(…))`);
}

/** The images and labels of a batch, with the label -1 for each image if it has no labels. */
const batchOf = (where: string, count: number, value: unknown): Samples => {
  const { images, labels = new Int32Array(count).fill(NO_CLASS) } = Object(value) as Partial<Batch>;
  if (!(images instanceof Float32Array)) return noBatch(where, `images as ${show(images)}`);
  return labels instanceof Int32Array ? { images, labels } : noBatch(where, `labels as ${show(labels)}`);
};

/** Raises `ConfigError` for a label that is not a class of the model. */
const checkClasses = (where: string, classes: number, labels: Int32Array, at: Int32Array) => {
  const wrong = labels.findIndex((label) => label < 0 || label >= classes);
  if (wrong === -1) return;
  const most = labels.reduce((a, b) => Math.max(a, b));
  const [actual, hint] = labels.every((label) => label === NO_CLASS)
    ? ['none: the data has no labels', 'give `labels` to the data, or make the model without `classes`']
    : [
        `${labels[wrong]}; the data has at least ${most + 1}`,
        'give other labels, or make the model with as many `classes`',
      ];
  const expected = `a class of the model, 0 to ${classes - 1}, as it has ${classes}`;
  raise('ConfigError', { where: `${where}: label at ${at[wrong]}`, expected, actual, hint });
};

/**
 * The samples of a data set at some positions, changed at random if there is a key. Fails with `ConfigError` for an
 * invalid batch or one of another size, or a label that is not a class of the model, and with the errors of `check`. Fails
 * with `Cancelled` if the signal is aborted while it waits for a batch.
 */
export const loaded = (
  { classes }: Labelled,
  data: Pick<Dataset, 'batch' | 'image'>,
  signal: StopSignal | undefined,
  where = 'data set',
  check: CheckImages<Float32Array> = withinUnit,
) => {
  const each = sizeOf(data.image);
  return (positions: Int32Array, key?: RandomKey): taskEither.TaskEither<NoisefoldError, Samples> =>
    genTask(`${where}: batch`, function* () {
      const { length } = positions;
      const { images, labels } = batchOf(where, length, yield* resultOf(where, data.batch(positions, key), signal));
      if (images.length !== length * each || labels.length !== length) {
        const expected = `${length * each} numbers and ${length} labels, for ${length} images ${showShape(data.image)}`;
        const hint = 'give images of the size of the data set, and a label for each';
        noBatch(where, `${images.length} and ${labels.length}`, expected, hint);
      }
      if (classes !== undefined) checkClasses(where, classes, labels, positions);
      check(images, each, (at) => `${where}: image at ${positions[at]}`);
      return { images, labels };
    });
};

/** A checked batch, with a label for each image, -1 if the data has no labels, and with noise from a coupling. */
export type Samples = { readonly [K in keyof Batch]-?: NonNullable<Batch[K]> } & { readonly noise?: Float32Array };

/** Images with their labels on the host, and the key for their random draws. */
export interface GivenExamples {
  readonly x0: Float32Array;
  readonly label?: Int32Array;
  readonly noise?: Float32Array;
  readonly key: RandomKey;
}

/** The examples of a batch: with labels if the model has classes. */
export const givenOf = ({ classes }: Labelled, { images, labels, noise }: Samples, key: RandomKey): GivenExamples => ({
  x0: images,
  ...(classes === undefined ? {} : { label: labels }),
  ...(noise === undefined ? {} : { noise }),
  key,
});
