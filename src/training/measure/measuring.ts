/** Measurements of a data set by a trained model: options, and the upload of the images batch by batch. */
import type { ConditionValues } from '../../conditions/values.js';
import { uploadedColumns } from '../uploadConditions.js';
import type { Conditioners } from '../../diffusion/index.js';
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
import { checkedTrained, conditioners, fromData, type Trained } from '../../checkpoints/trained.js';
import { dataSet, type Dataset, type ImageShape } from '../../data/dataset.js';
import { checkNumbers } from '../../data/images.js';
import { loaded, type Samples } from '../../data/examples.js';
import { lookThrough, requireAlike } from '../../data/wholeSet.js';

/** The fields of {@link Measuring}. */
export const measuringFields = {
  data: dataSet,
  /** The number of images at a time. It changes the results only by rounding, and by the noise of conditions that are made. */
  batch: positive,
  /** The key of all random draws, which depend on the position of each image in the data set. */
  key: hostKey,
  /** The number of images to measure; by default all from the first one on. */
  images: optional(positive),
  /** The position of the first image to measure, to measure a data set in parts; default 0. */
  first: optional(natural, 0),
  conditions: optional(conditioners),
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
  'data' | 'conditions'
> {
  /** The data set whose images are measured. */
  readonly data: D;
  /** Makes conditions from each image, by name, as in the training. The others come from the data. */
  readonly conditions?: NoInfer<Conditioners<I>>;
}

/** The tolerance for the levels of bytes in [-1, 1], which float32 rounds. */
const OFF_LEVEL = 1e-4;

/** Raises `ConfigError` at an image whose numbers are not levels of bytes in [-1, 1]. */
const bytesOnly =
  (where: string, hint: string) =>
  (positions: Int32Array, { images }: Samples): void =>
    checkNumbers(images, {
      is: (x) => Math.abs((x + 1) * 127.5 - Math.round((x + 1) * 127.5)) <= OFF_LEVEL,
      expected: 'bytes as levels of [-1, 1]: byte/127.5 - 1',
      hint,
      each: images.length / positions.length,
      where: (at) => `${where}: image at ${positions[at]}`,
    });

/** A batch of images on a backend. */
export interface ResidentImages<I extends ImageShape = ImageShape> {
  /** The index of the first image of the batch among the measured images. */
  readonly index: number;
  /** The position of the first image of the batch in the data set. */
  readonly first: number;
  /** The number of images to measure; the last batch is filled up with the first images. */
  readonly count: number;
  /** The position of each image in the data set. */
  readonly positions: Int32Array;
  /** `[B, height, width, channels]`, released after the measurement. */
  readonly x0: Resident<Tensor<['B', ...I]>>;
  /** The values of the data, by the name of the condition. */
  readonly conditions: Resident<ConditionValues<'B'>>;
  /** The key of conditions that are made from the batch. */
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
  /** Requires images of bytes; the hint for other images. */
  readonly ofBytes: string | null;
}

/**
 * Checks the size of the images and the names of their classes, and all images in memory. Raises `ConfigError`. Returns the numbers
 * of the batches.
 */
export function* checkImages<P, I extends ImageShape>({ where, trained, measuring, ofBytes }: Setup<P, I>) {
  const { data, first = 0, images, signal } = measuring;
  yield* take(checkedTrained(where)(trained));
  const taken = fromData(trained.model, measuring.conditions);
  requireAlike(`${where}: data`, taken, trained, data);
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
    taken,
    data,
  );
  return countsIn(measuring);
}

/**
 * The result of each image of a batch, without the images that fill up the batch. Raises `NonFinite` at the first result
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
      const load = loaded(fromData(model, measuring.conditions), data, measuring.signal);
      const checkBytes = ofBytes === null ? () => {} : bytesOnly(where, ofBytes);
      const freed = (x: unknown) => release(x)(backend);

      function* measureRound(round: number): Block<void> {
        const index = round * batch;
        const positions = Int32Array.from({ length: batch }, (_, i) => from + ((index + i) % count));
        const samples = yield* take(load(positions));
        checkBytes(positions, samples);
        const { images, columns } = samples;
        const x0: AnyValue = yield* hold(upload(images, [batch, ...(image as readonly number[])])(backend), freed);
        const conditions = yield* uploadedColumns(columns, backend);
        yield* measure({
          index,
          first: from + index,
          count: Math.min(batch, count - index),
          positions,
          x0: x0 as ResidentImages<I>['x0'], // of the shape of the model's images
          conditions,
          conditionKey: foldIn(keys.condition, round),
        });
      }

      for (let round = 0; round < rounds; round++) yield* take(gen(() => measureRound(round)));
    });
