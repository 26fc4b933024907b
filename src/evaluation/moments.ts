/** Mean and covariance of features that arrive in batches: Chan, Golub & LeVeque 1983. */
import type { NoisefoldError } from '../dsl/index.js';
import { attempt, raise } from '../internal/errors.js';
import type { either } from '../internal/fp.js';
import { checkFeatures, type Features } from './features.js';
import { part } from '../internal/parts.js';
import { argument } from '../internal/schema.js';

/** The moments of features of length D. They form a monoid: {@link noMoments}, {@link mergeMoments}. */
export interface Moments {
  /** The number of images, n. */
  readonly count: number;
  /** μ, `[D]` */
  readonly mean: Float64Array;
  /** Σᵢ (xᵢ − μ)(xᵢ − μ)ᵀ, `[D, D]`, row-major. Divided by n − 1 it is the covariance. */
  readonly scatter: Float64Array;
}

/**
 * The moments of no images.
 * @example noMoments(2) // → { count: 0, mean: [0, 0], scatter: [0, 0, 0, 0] }
 */
export const noMoments = (length: number): Moments => ({
  count: 0,
  mean: new Float64Array(length),
  scatter: new Float64Array(length * length),
});

const momentsPart = part<Moments>('moments, as momentsOf returns them', 'count', 'mean', 'scatter');
/** Moments as an argument. */
export const momentsIn = (where: string) => argument(where, momentsPart, 'give the result of momentsOf');
const [momentsA, momentsB] = [momentsIn('mergeMoments: a'), momentsIn('mergeMoments: b')];

const meanOf = ({ data, shape: [count, length] }: Features): Float64Array => {
  const mean = new Float64Array(length);
  for (let row = 0, at = 0; row < count; row++) for (let i = 0; i < length; i++, at++) mean[i]! += data[at]!;
  return mean.map((sum) => sum / count);
};

/** The number of rows processed at a time, which stay in the cache. */
const ROWS = 128;

/** Σ (x − μ)(x − μ)ᵀ */
const scatterOf = ({ data, shape: [count, length] }: Features, mean: Float64Array): Float64Array => {
  const scatter = new Float64Array(length * length);
  for (let first = 0; first < count; first += ROWS) {
    const rows = Math.min(ROWS, count - first);
    const centred = Float64Array.from(
      { length: rows * length },
      (_, at) => data[first * length + at]! - mean[at % length]!,
    );
    for (let i = 0; i < length; i++)
      for (let row = 0; row < rows; row++) {
        const x = centred[row * length + i]!;
        for (let j = i; j < length; j++) scatter[i * length + j]! += x * centred[row * length + j]!;
      }
  }
  for (let i = 0; i < length; i++) for (let j = 0; j < i; j++) scatter[i * length + j] = scatter[j * length + i]!;
  return scatter;
};

/**
 * The moments of a batch of features, in float64. Returns a `ShapeError` for features of another shape, and a
 * `NonFinite` for a number that is not finite.
 * @example
 * const features: Features = { data: Float64Array.of(1, 0, 3, 4), shape: [2, 2] }
 * unwrap(momentsOf(features)) // → { count: 2, mean: [2, 2], scatter: [2, 4, 4, 8] }
 */
export const momentsOf = (features: Features): either.Either<NoisefoldError, Moments> =>
  attempt(() => {
    checkFeatures('momentsOf', features, { images: 0, for: '' });
    const { shape } = features;
    if (shape[0] === 0) return noMoments(shape[1]);
    const mean = meanOf(features);
    return { count: shape[0], mean, scatter: scatterOf(features, mean) };
  });

/**
 * The moments of two sets of images together. The result does not depend on the order or the split, up to rounding.
 * Returns a `ShapeError` for features of different lengths.
 * @example
 * const of = (...data: number[]) => unwrap(momentsOf({ data: Float64Array.from(data), shape: [data.length, 1] }))
 * unwrap(mergeMoments(of(1, 3), of(8))) // → of(1, 3, 8)
 */
export const mergeMoments = (a: Moments, b: Moments): either.Either<NoisefoldError, Moments> =>
  attempt(() => {
    momentsA.demand(a);
    momentsB.demand(b);
    const length = a.mean.length;
    if (b.mean.length !== length)
      raise('ShapeError', {
        where: 'mergeMoments',
        expected: `moments of features of length ${length}`,
        actual: `${b.mean.length}`,
        hint: 'extract all features by one network',
      });
    if (a.count === 0) return b;
    if (b.count === 0) return a;
    const count = a.count + b.count;
    const delta = b.mean.map((mean, i) => mean - a.mean[i]!);
    const weight = (a.count * b.count) / count;
    return {
      count,
      mean: a.mean.map((mean, i) => mean + (delta[i]! * b.count) / count),
      scatter: a.scatter.map(
        (sum, at) => sum + b.scatter[at]! + weight * delta[Math.floor(at / length)]! * delta[at % length]!,
      ),
    };
  });

/** The covariance `[D, D]`, with n − 1 as in `numpy.cov`. */
export const covarianceOf = ({ count, scatter }: Moments): Float64Array => scatter.map((sum) => sum / (count - 1));
