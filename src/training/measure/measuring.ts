/** A data set to be measured by a trained model: what is asked, and its images on a backend, batch by batch. */
import type { Conditioner } from '../../diffusion/index.js';
import {
  attempt,
  type Backend,
  fail,
  foldIn,
  fork,
  type NoisefoldError,
  type RandomKey,
  release,
  type Resident,
  showShape,
  type Tensor,
  upload,
} from '../../dsl/index.js';
import { exactly, positive } from '../../internal/decode.js';
import { E, type either, t, TE, type taskEither } from '../../internal/fp.js';
import { type Block, gen, hold, take } from '../../internal/gen.js';
import type { StopSignal } from '../../internal/stop.js';
import { conditioner, dataSet, functionPart, hostKey, signal } from '../checked.js';
import type { Batch, Dataset, ImageShape } from '../data/dataset.js';
import { checkNumbers } from '../data/images.js';
import { loaded } from '../fit/examples.js';
import type { Trained } from '../trained.js';
import { lookedThrough } from '../data/wholeSet.js';

/** Which images are measured, and how. */
export interface Measuring<I extends ImageShape> {
  readonly data: Dataset<I>;
  /** How many images of it count, always the first ones; all if not given. */
  readonly images?: number;
  /** How many are measured at a time. Another number gives the same, but for roundings and the noise of a `condition`. */
  readonly batch: number;
  /** For what is drawn: for each image by its place in the data set. */
  readonly key: RandomKey;
  /** What a model that is conditioned on an image gets for each, made of it: that of its training. */
  readonly condition?: Conditioner<I>;
  /** Told after each step how many of all steps are done. */
  readonly onStep?: (done: number, of: number) => void;
  /** Ends it before its next step, as `Cancelled`. */
  readonly signal?: StopSignal;
}

/** The codec of {@link Measuring} with further fields, which are optional. */
export const measuringCodec = (more: t.Props) =>
  exactly(
    { data: dataSet, batch: positive, key: hostKey },
    { images: positive, condition: conditioner, onStep: functionPart('a function'), signal, ...more },
  );

/** A byte is a level of [-1, 1]; float32 has it within a part of this. */
const OFF_LEVEL = 1e-4;

/** Tests a batch for images that are bytes, as levels of [-1, 1]. */
const bytesOnly =
  (where: string) =>
  (positions: Int32Array) =>
  ({ images }: Batch): either.Either<NoisefoldError, void> =>
    attempt(() =>
      checkNumbers(images, {
        is: (x) => Math.abs((x + 1) * 127.5 - Math.round((x + 1) * 127.5)) <= OFF_LEVEL,
        expected: 'bytes as levels of [-1, 1]: byte/127.5 - 1',
        hint: 'round images to bytes, or measure their density: logLikelihoods',
        each: images.length / positions.length,
        where: (at) => `${where}: image at ${positions[at]}`,
      }),
    );

/** A batch of images on a backend. */
export interface ResidentImages<I extends ImageShape = ImageShape> {
  /** Where the first of them is in the data set. */
  readonly first: number;
  /** How many of the batch count: the last one is filled up with the first images. */
  readonly count: number;
  /** The place of each in the data set. */
  readonly positions: Int32Array;
  /** `[B, height, width, channels]`, released when they have been measured. */
  readonly x0: Resident<Tensor<['B', ...I]>>;
  /** If the model has classes. */
  readonly label?: Resident<Tensor<['B'], 'int32'>>;
  /** For the condition of the batch. */
  readonly conditionKey: RandomKey;
}

/** How many images a measuring counts, how many of them at a time, and how many times. */
export const countsIn = <I extends ImageShape>({ data, images = data.size, batch: most }: Measuring<I>) => {
  const count = Math.min(images, data.size);
  const batch = Math.min(most, count);
  return { count, batch, rounds: Math.ceil(count / batch) };
};

interface Given<P, I extends ImageShape> {
  readonly where: string;
  readonly trained: Trained<P, I>;
  readonly measuring: Measuring<I>;
  /** Whether images have to be bytes. */
  readonly ofBytes: boolean;
}

/** Whether the data fit the model: before anything is compiled, and, where they are not at hand, as far as can be said. */
export const checkedImagesOf = <P, I extends ImageShape>({
  where,
  trained: { model, image },
  measuring: { data, images, signal },
  ofBytes,
}: Given<P, I>): taskEither.TaskEither<NoisefoldError, void> =>
  showShape(data.image) === showShape(image)
    ? lookedThrough({ where, images, signal, ...(ofBytes && { also: bytesOnly(where) }) }, model, data)
    : TE.fromEither(
        fail('ConfigError', {
          where: `${where}: data`,
          expected: `images ${showShape(image)}, as the model knows them`,
          actual: showShape(data.image),
          hint: 'measure images of the size that it was trained on',
        }),
      );

/** One number for each image of a batch that counts; `NonFinite` names the first image whose number is none. */
export const finiteOf =
  (where: string, { first, count }: Pick<ResidentImages, 'first' | 'count'>) =>
  (numbers: ArrayLike<number>): either.Either<NoisefoldError, readonly number[]> => {
    const own = Array.from(numbers).slice(0, count);
    const wrong = own.findIndex((x) => !Number.isFinite(x));
    return wrong === -1
      ? E.right(own)
      : fail('NonFinite', {
          where: `${where}: image ${first + wrong}`,
          expected: 'a finite number',
          actual: `${own[wrong]}`,
          hint: 'look at the parameters: the network gives numbers that are not finite, or too large to be squared',
        });
  };

/** Measures the images of a data set a batch at a time. The images of a batch are freed when it has been measured. */
export const inBatches =
  <P, I extends ImageShape>({ where, trained: { model, image }, measuring, ofBytes }: Given<P, I>) =>
  (backend: Backend) =>
  (measure: (images: ResidentImages<I>) => Block<void>): taskEither.TaskEither<NoisefoldError, void> =>
    gen(function* () {
      const { data, key } = measuring;
      const { count, batch, rounds } = countsIn(measuring);
      const keys = fork(key, 'condition');
      const load = loaded(model, data);
      const isRight = bytesOnly(where);
      const freed = (x: unknown) => release(x)(backend);

      function* measured(round: number): Block<void> {
        const first = round * batch;
        const positions = Int32Array.from({ length: batch }, (_, i) => (first + i) % count);
        const { images, labels } = yield* take(load(positions));
        if (ofBytes) yield* take(isRight(positions)({ images, labels }));
        const x0 = yield* hold(upload(images, [batch, ...(image as readonly number[])])(backend), freed);
        const label =
          model.classes === undefined ? null : yield* hold(upload(labels, [batch], 'int32')(backend), freed);
        yield* measure({
          first,
          count: Math.min(batch, count - first),
          positions,
          x0: x0 as unknown as ResidentImages<I>['x0'], // of the shape of the model's images
          ...(label && { label }),
          conditionKey: foldIn(keys.condition, round),
        });
      }

      for (let round = 0; round < rounds; round++) yield* take(gen(() => measured(round)));
    });
