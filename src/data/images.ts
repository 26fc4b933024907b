import type { ImageSize } from './dataset.js';
import { raise } from '../internal/errors.js';
import { TO_UNIT } from '../internal/numbers.js';

/** Images on the host, in [-1, 1], row-major. */
export interface Images {
  readonly data: Float32Array;
  readonly shape: readonly [count: number, height: number, width: number, channels: number];
}

/** The first `count` images of batches. */
export const imagesOf = (
  count: number,
  image: ImageSize,
  batches: readonly (Float32Array | Float64Array)[],
): Images => {
  const [height, width, channels] = image;
  const data = new Float32Array(count * height * width * channels);
  batches.reduce((from, batch) => {
    data.set(batch.subarray(0, data.length - from), from);
    return from + batch.length;
  }, 0);
  return { data, shape: [count, ...image] };
};

/** A condition that all numbers of images must meet. */
interface Demand {
  readonly is: (number: number) => boolean;
  readonly expected: string;
  readonly hint: string;
  /** The number of numbers in an image. */
  readonly each: number;
  /** Names an image by its index, for errors. */
  readonly where: (image: number) => string;
}

/** Raises an error at the first number that fails: `NonFinite` if it is not finite, otherwise `ConfigError`. */
export const checkNumbers = (numbers: ArrayLike<number>, { is, expected, hint, each, where }: Demand): void => {
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i]!;
    if (is(value)) continue;
    const about = { where: where(Math.floor(i / each)), expected, actual: `${value} at number ${i % each}`, hint };
    raise(typeof value === 'number' && !Number.isFinite(value) ? 'NonFinite' : 'ConfigError', about); // JSON has null
  }
};

/** Checks numbers of images, `each` of an image; `where` names an image by its index. */
export type CheckImages<A = ArrayLike<number>> = (images: A, each: number, where: (image: number) => string) => void;

/**
 * Raises `ConfigError` for a number outside [-1, 1], and `NonFinite` for one that is not finite. Numbers are first
 * rounded to float32, because a network takes float32.
 */
export const withinUnit: CheckImages = (images, each, where) =>
  checkNumbers(images, {
    is: (x) => Math.abs(Math.fround(x)) <= 1,
    expected: 'finite numbers in [-1, 1]',
    hint: TO_UNIT,
    each,
    where,
  });
