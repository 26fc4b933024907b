/** Checks a data set before the first step. */
import { raise, showShape } from '../internal/errors.js';
import { type Block, take } from '../internal/gen.js';
import { mayGoOn, pause, type StopSignal } from '../internal/stop.js';
import { sizeOf } from '../internal/numbers.js';
import type { Conditions } from '../conditions/conditions.js';
import { loaded, type Samples } from './examples.js';
import { dataSize } from './batches.js';
import { requireSameNames } from './classNames.js';
import type { Dataset } from './dataset.js';

/** The number of elements that are checked before the event loop can handle signals: some milliseconds. */
const NUMBERS_AT_A_TIME = 2 ** 20;

interface Look {
  /** The names of the data and of their images in errors. */
  readonly where: string;
  readonly name?: string;
  /** The number of images to check, from the first one; by default all. */
  readonly images?: number | undefined;
  readonly signal?: StopSignal | undefined;
  /** An additional check of each batch, which raises its error. */
  readonly also?: (positions: Int32Array, samples: Samples) => void;
}

/**
 * Raises `ConfigError` for images of another size than a model takes. The error has a hint of its own for images with
 * the channels first.
 */
const requireSize = (where: string, taken: readonly number[], { image }: Dataset, otherHint: string): void => {
  const [expected, actual] = [showShape(taken), showShape(image)];
  if (actual === expected) return;
  const [channels, ...size] = image;
  const hint =
    showShape([...size, channels]) === expected
      ? `the channels of the data are first: move them last, and give image: ${expected}`
      : otherHint;
  raise('ConfigError', { where, expected: `images ${expected}, as the model takes them`, actual, hint });
};

/** Networks of `unet` and `encoderClassifier`, also preconditioned ones, have a configuration beside their function. */
interface Sized {
  readonly apply: object & { readonly config?: { readonly image?: unknown } | null };
}

/** Tests for the size of images; functions of users may have a configuration of any kind. */
const isSize = (image: unknown): image is readonly number[] =>
  Array.isArray(image) && image.length === 3 && image.every((extent) => typeof extent === 'number');

/** Raises `ConfigError` for training data of images of another size than a network takes, if its configuration has one. */
export const requireOwnSize = (where: string, { apply }: Sized, data: Dataset): void => {
  const image = apply.config?.image;
  if (isSize(image))
    requireSize(where, image, data, 'make the model with `image: data.image`, or give images of its size');
};

/**
 * Raises `ConfigError` for measurement data that differ from the training data: for images of other extents, and for names of
 * classes in another order, because numbers would then mean other classes.
 */
export const requireAlike = (
  where: string,
  conditions: Conditions,
  training: Pick<Dataset, 'image' | 'names'>,
  data: Dataset,
): void => {
  requireSize(where, training.image, data, 'measure images of the size that it was trained on');
  // numbers of data are translated to the names of a specification
  const unnamed = ([name]: readonly [string, unknown]) => name in conditions && !('names' in conditions[name]!);
  const taken = Object.fromEntries(Object.entries(training.names ?? {}).filter(unnamed));
  requireSameNames(where, taken, data.names, 'give the data the names of the training: names: data.names');
};

/**
 * Loads all images of a data set that is {@link Dataset.inMemory}, some at a time, so that the errors of `loaded` are
 * found before the first step. For other data sets it checks only the size. Raises `ConfigError` for a size that is not
 * an integer from 1 to 2³¹ - 1.
 */
export function* lookThrough(
  { where, name, images, signal, also }: Look,
  conditions: Conditions,
  data: Dataset,
): Block<void> {
  const { size, image, inMemory = false } = data;
  if (!dataSize.is(size))
    raise('ConfigError', {
      where,
      expected: 'a data set of 1 to 2^31 - 1 images',
      actual: `one of size ${size}`,
      hint: 'give the number of images',
    });
  if (!inMemory) return;
  const count = Math.min(images ?? size, size);
  const batchAt = loaded(conditions, data, signal, name);
  const some = Math.max(1, Math.floor(NUMBERS_AT_A_TIME / sizeOf(image)));
  for (let first = 0; first < count; first += some) {
    yield* take(mayGoOn(`${where}, image ${first}`, pause, signal));
    const positions = Int32Array.from({ length: Math.min(some, count - first) }, (_, i) => first + i);
    const batch = yield* take(batchAt(positions));
    also?.(positions, batch);
  }
}
