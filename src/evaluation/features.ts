/** Rows of numbers on the host, one row for each image, and their checks. */
import type { NoisefoldError } from '../dsl/index.js';
import { attempt, raise, showShape } from '../internal/errors.js';
import { show } from '../internal/decode.js';
import type { either } from '../internal/fp.js';

/** A row of numbers for each image: features, or probabilities of classes. Row-major. */
export interface Features {
  readonly data: Float32Array | Float64Array;
  readonly shape: readonly [images: number, length: number];
}

const HINT =
  'give { data, shape: [images, length] } of a Float32Array or Float64Array, such as the result of extractFeatures';

/** True for an array of floating-point numbers with a matching shape of two extents. */
const isTable = (value: unknown): value is Features => {
  const { data, shape } = Object(value) as Partial<Features>;
  const isNumbers = data instanceof Float32Array || data instanceof Float64Array;
  const isPair = Array.isArray(shape) && shape.length === 2 && shape.every((n) => Number.isSafeInteger(n) && n >= 0);
  return isNumbers && isPair && data.length === shape[0] * shape[1];
};

const described = (value: unknown): string => {
  const { data, shape } = Object(value) as Partial<Features>;
  return Array.isArray(shape) && data !== undefined
    ? `${data.length} numbers of shape ${showShape(shape)}`
    : show(value);
};

/** The minimum number of images of a metric. */
interface Least {
  readonly images: number;
  /** The reason for the minimum. */
  readonly for: string;
}

/**
 * Checks features. Raises `ShapeError` for an array that does not match its shape, `ConfigError` for too few images,
 * `NonFinite` at the first number that is not finite.
 */
export const checkFeatures = (where: string, features: Features, least: Least): void => {
  if (!isTable(features) || features.shape[1] === 0)
    raise('ShapeError', { where, expected: 'features [images, length]', actual: described(features), hint: HINT });
  const [images, length] = features.shape;
  if (images < least.images)
    raise('ConfigError', {
      where,
      expected: `at least ${least.images} images`,
      actual: `${images}`,
      hint: `give more images: ${least.for}`,
    });
  const wrong = features.data.findIndex((x: number) => !Number.isFinite(x));
  if (wrong !== -1)
    raise('NonFinite', {
      where: `${where}: image ${Math.floor(wrong / length)}`,
      expected: 'a finite number',
      actual: `${features.data[wrong]} at number ${wrong % length}`,
      hint: 'check the images and the feature network',
    });
};

/** Raises `ShapeError` unless both have rows of one length. */
export const checkLengths = (where: string, real: number, generated: number): void => {
  if (real !== generated)
    raise('ShapeError', {
      where,
      expected: `features of one length: ${real}, as of the real images`,
      actual: `${generated} of the generated images`,
      hint: 'extract both by one network',
    });
};

/** The inputs of a metric. */
interface Pair {
  readonly real: Features;
  readonly generated: Features;
}

/** Checks the features of real and of generated images, then measures: a raised error is a `Left`. */
export const measuredOn = <A>(
  where: string,
  { real, generated }: Pair,
  least: Least,
  measure: () => A,
): either.Either<NoisefoldError, A> =>
  attempt(() => {
    checkFeatures(`${where}: real`, real, least);
    checkFeatures(`${where}: generated`, generated, least);
    checkLengths(where, real.shape[1], generated.shape[1]);
    return measure();
  });

/** Rows at some indices, as float64. */
export const rowsAt = ({ data, shape: [, length] }: Features, rows: ArrayLike<number>): Float64Array => {
  const result = new Float64Array(rows.length * length);
  for (let i = 0; i < rows.length; i++)
    result.set(data.subarray(rows[i]! * length, (rows[i]! + 1) * length), i * length);
  return result;
};

/** All numbers as float64. */
export const float64Of = ({ data }: Features): Float64Array =>
  data instanceof Float64Array ? data : Float64Array.from(data);
