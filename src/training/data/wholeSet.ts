/** A data set looked at before anything is made of it. */
import { fail, failure, type NoisefoldError } from '../../dsl/index.js';
import { E, type taskEither } from '../../internal/fp.js';
import { pause, type StopSignal } from '../../internal/stop.js';
import type { Batch, Dataset } from './dataset.js';
import { type Labelled, loaded } from '../fit/examples.js';

/** As many numbers of images are looked at before signals have their turn: some milliseconds. */
const NUMBERS_AT_A_TIME = 2 ** 20;

interface Look {
  /** What errors call it. */
  readonly where: string;
  /** How many images count, the first ones; all if not given. */
  readonly images?: number | undefined;
  readonly signal?: StopSignal | undefined;
  /** What else has to hold of each batch. */
  readonly also?: (positions: Int32Array) => (batch: Batch) => E.Either<NoisefoldError, unknown>;
}

/**
 * Loads the whole of a data set that is {@link Dataset.atHand}, some images at a time, so that what `loaded` refuses is
 * found now and not after many steps. Of other data sets only the size: a whole number of images, at least one.
 */
export const lookedThrough =
  (
    { where, images, signal, also }: Look,
    model: Labelled,
    data: Dataset,
  ): taskEither.TaskEither<NoisefoldError, void> =>
  async () => {
    const { size, image, atHand = false } = data;
    if (!Number.isSafeInteger(size) || size < 1)
      return fail('ConfigError', {
        where,
        expected: 'a data set of at least one image',
        actual: `one of size ${size}`,
        hint: 'say how many images there are',
      });
    if (!atHand) return E.right(undefined);
    const count = Math.min(images ?? size, size);
    const batchAt = loaded(model, data);
    const some = Math.max(1, Math.floor(NUMBERS_AT_A_TIME / image.reduce((a: number, b) => a * b, 1)));
    for (let first = 0; first < count; first += some) {
      await pause();
      if (signal?.aborted === true)
        return E.left(
          failure('Cancelled', {
            where: `${where}, image ${first}`,
            expected: 'to look through the data set',
            actual: 'a signal to stop',
            hint: 'begin again',
          }),
        );
      const positions = Int32Array.from({ length: Math.min(some, count - first) }, (_, i) => first + i);
      const batch = await batchAt(positions)();
      const found = E.flatMap((given: Batch) => also?.(positions)(given) ?? E.right(undefined))(batch);
      if (E.isLeft(found)) return found;
    }
    return E.right(undefined);
  };
