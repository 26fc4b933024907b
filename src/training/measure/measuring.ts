/** Measurements of a data set by a trained model: options, and the upload of the images batch by batch. */
import type { Conditioner } from '../../diffusion/index.js';
import {
  type AnyValue,
  type Backend,
  foldIn,
  fork,
  type NoisefoldError,
  type RandomKey,
  release,
  type Resident,
  type Tensor,
  upload,
} from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import { functionOf, hostKey, natural, positive } from '../../internal/decode.js';
import type { taskEither } from '../../internal/fp.js';
import { type Block, gen, hold, take } from '../../internal/gen.js';
import { signal } from '../../internal/parts.js';
import { optional, type OptionsOf } from '../../internal/schema.js';
import { checkedTrained, conditioner, type Trained } from '../../checkpoints/trained.js';
import { type Batch, dataSet, type Dataset, type ImageShape } from '../../data/dataset.js';
import { checkNumbers } from '../../data/images.js';
import { loaded } from '../../data/examples.js';
import { lookThrough, requireAlike } from '../../data/wholeSet.js';

/** The fields of {@link Measuring}. */
export const measuringFields = {
  data: dataSet,
  /** The number of images at a time. It changes the results only by rounding, and by the noise of a `condition`. */
  batch: positive,
  /** The key of all random draws, which depend on the position of each image in the data set. */
  key: hostKey,
  /** The number of images to measure; by default all from the first one on. */
  images: optional(positive),
  /** The position of the first image to measure; default 0. The images of a set can so be measured in parts. */
  first: optional(natural, 0),
  condition: optional(conditioner),
  /**
   * Called after each step with the number of finished steps. The next step waits for the promise or the task that it
   * returns; an error in it ends the measurement.
   */
  onStep: optional(functionOf<(done: number, of: number) => unknown>('a function')),
  /** Ends the measurement before its next step, as `Cancelled`. */
  signal: optional(signal),
};

/** The images to measure, and options. */
export interface Measuring<I extends ImageShape, D = Dataset<I>> extends Omit<
  OptionsOf<typeof measuringFields>,
  'data' | 'condition'
> {
  /** The data set whose images are measured. */
  readonly data: D;
  /** Makes the condition from each image, for a model that is conditioned on images, as in its training. */
  readonly condition?: NoInfer<Conditioner<I>>;
}

/** The tolerance for the levels of bytes in [-1, 1], which float32 rounds. */
const OFF_LEVEL = 1e-4;

/** Raises `ConfigError` at an image that is not bytes, as levels of [-1, 1]. */
const bytesOnly =
  (where: string, hint: string) =>
  (positions: Int32Array, { images }: Batch): void =>
    checkNumbers(images, {
      is: (x) => Math.abs((x + 1) * 127.5 - Math.round((x + 1) * 127.5)) <= OFF_LEVEL,
      expected: 'bytes as levels of [-1, 1]: byte/127.5 - 1',
      hint,
      each: images.length / positions.length,
      where: (at) => `${where}: image at ${positions[at]}`,
    });

/** A batch of images on a backend. */
export interface ResidentImages<I extends ImageShape = ImageShape> {
  /** The index of the first one among the measured images. */
  readonly index: number;
  /** The position of the first one in the data set. */
  readonly first: number;
  /** The number of images to measure; the last batch is filled up with the first images. */
  readonly count: number;
  /** The position of each in the data set. */
  readonly positions: Int32Array;
  /** `[B, height, width, channels]`, released after the measurement. */
  readonly x0: Resident<Tensor<['B', ...I]>>;
  /** If the model has classes. */
  readonly label?: Resident<Tensor<['B'], 'int32'>>;
  /** For the condition of the batch. */
  readonly conditionKey: RandomKey;
}

/** The number of images, the number in a batch, and the number of batches. */
const countsIn = <I extends ImageShape>({ data, first = 0, images = data.size, batch: most }: Measuring<I>) => {
  const count = Math.min(images, data.size - first);
  const batch = Math.min(most, count);
  return { count, batch, rounds: Math.ceil(count / batch) };
};

interface Setup<P, I extends ImageShape> {
  readonly where: string;
  readonly trained: Trained<P, I>;
  readonly measuring: Measuring<I>;
  /** If images have to be bytes: the hint for others. */
  readonly ofBytes: string | null;
}

/**
 * Checks the size of the images and the names of their classes, and all images in memory. Raises `ConfigError`. Returns the numbers
 * of the batches.
 */
export function* checkImages<P, I extends ImageShape>({ where, trained, measuring, ofBytes }: Setup<P, I>) {
  const { data, first = 0, images, signal } = measuring;
  yield* take(checkedTrained(where)(trained));
  requireAlike(`${where}: data`, trained.model, trained, data);
  if (first > 0 && first >= data.size)
    raise('ConfigError', {
      where: `${where}.first`,
      expected: `a position of the ${data.size} images`,
      actual: `${first}`,
      hint: 'positions count from 0',
    });
  yield* lookThrough(
    {
      where,
      images: images === undefined ? images : first + images,
      signal,
      ...(ofBytes !== null && { also: bytesOnly(where, ofBytes) }),
    },
    trained.model,
    data,
  );
  return countsIn(measuring);
}

/**
 * The results of the images of a batch, one for each, without those that fill it up. Raises `NonFinite` at the first
 * that is not finite.
 */
export const finiteOf = (
  where: string,
  { first, count }: Pick<ResidentImages, 'first' | 'count'>,
  numbers: ArrayLike<number>,
): readonly number[] => {
  const own = Array.from(numbers).slice(0, count);
  const wrong = own.findIndex((x) => !Number.isFinite(x));
  if (wrong !== -1)
    raise('NonFinite', {
      where: `${where}: image ${first + wrong}`,
      expected: 'a finite number',
      actual: `${own[wrong]}`,
      hint: 'check the parameters: the network returns numbers that are not finite, or too large to be squared',
    });
  return own;
};

/** Measures the images of a data set a batch at a time. The images of a batch are freed when it has been measured. */
export const inBatches =
  <P, I extends ImageShape>({ where, trained: { model, image }, measuring, ofBytes }: Setup<P, I>) =>
  (backend: Backend) =>
  (measure: (images: ResidentImages<I>) => Block<void>): taskEither.TaskEither<NoisefoldError, void> =>
    gen(function* () {
      const { data, key, first: from = 0 } = measuring;
      const { count, batch, rounds } = countsIn(measuring);
      const keys = fork(key, 'condition');
      const load = loaded(model, data, measuring.signal);
      const checkBytes = ofBytes === null ? () => {} : bytesOnly(where, ofBytes);
      const freed = (x: unknown) => release(x)(backend);

      function* measureRound(round: number): Block<void> {
        const index = round * batch;
        const positions = Int32Array.from({ length: batch }, (_, i) => from + ((index + i) % count));
        const { images, labels } = yield* take(load(positions));
        checkBytes(positions, { images, labels });
        const x0: AnyValue = yield* hold(upload(images, [batch, ...(image as readonly number[])])(backend), freed);
        const label =
          model.classes === undefined ? null : yield* hold(upload(labels, [batch], 'int32')(backend), freed);
        yield* measure({
          index,
          first: from + index,
          count: Math.min(batch, count - index),
          positions,
          x0: x0 as ResidentImages<I>['x0'], // of the shape of the model's images
          ...(label && { label }),
          conditionKey: foldIn(keys.condition, round),
        });
      }

      for (let round = 0; round < rounds; round++) yield* take(gen(() => measureRound(round)));
    });
