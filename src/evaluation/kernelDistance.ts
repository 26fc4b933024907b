import { foldIn, key as keyOf, type NoisefoldError, type RandomKey } from '../dsl/index.js';
import { raise } from '../internal/errors.js';
import type { Exact } from '../internal/exact.js';
import { hostKey, positive, refined } from '../internal/decode.js';
import { E, type either } from '../internal/fp.js';
import { type FilledOf, optional, type OptionsOf, schema } from '../internal/schema.js';
import { randomInto } from '../internal/numerics/threefry.js';
import { type Features, float64Of, measuredOn, rowsAt } from './features.js';
import { meanAndDeviation, type MeanAndDeviation } from './meanAndDeviation.js';
import { dotProducts } from './rowProducts.js';

/** Σⱼ k(xᵢ, yⱼ) over the first m rows of y, with k(x, y) = (xᵀy/d + 1)³. `room` has space for m numbers. */
const kernelSum = (x: Float64Array, i: number, y: Float64Array, m: number, d: number, room: Float64Array): number => {
  dotProducts(x, i, y, m, d, room);
  let sum = 0;
  for (let j = 0; j < m; j++) {
    const base = room[j]! / d + 1;
    sum += base * base * base;
  }
  return sum;
};

/** The mean of k(xᵢ, xⱼ) over i ≠ j. */
const within = (x: Float64Array, d: number): number => {
  const n = x.length / d;
  const room = new Float64Array(n);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += kernelSum(x, i, x, i, d, room);
  return (2 * sum) / (n * (n - 1));
};

/** The mean of k(xᵢ, yⱼ). */
const between = (x: Float64Array, y: Float64Array, d: number): number => {
  const [n, m] = [x.length / d, y.length / d];
  const room = new Float64Array(m);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += kernelSum(x, i, y, m, d, room);
  return sum / (n * m);
};

/** The unbiased estimate of the squared maximum mean discrepancy: Gretton et al. 2012, eq. 3. Raises `NonFinite` if it overflows. */
const estimate = (where: string, x: Float64Array, y: Float64Array, d: number): number => {
  const distance = within(x, d) + within(y, d) - 2 * between(x, y, d);
  return Number.isFinite(distance)
    ? distance
    : raise('NonFinite', {
        where,
        expected: 'a finite kernel (xᵀy/d + 1)³',
        actual: `a distance of ${distance}`,
        hint: 'check the features: they are too large for their sixth power',
      });
};

const LEAST = { images: 2, for: 'an unbiased estimate compares pairs' };

/**
 * The unbiased estimate of the squared maximum mean discrepancy of all features, with the kernel (xᵀy/d + 1)³: KID
 * without subsets. Bińkowski et al. 2018, section 4. It may be negative. Returns a `ConfigError` for fewer than two
 * images, a `ShapeError` for features of another shape, and a `NonFinite` for a number that is not finite or a kernel that
 * overflows.
 * @example
 * const of = (...data: number[]): Features => ({ data: Float64Array.from(data), shape: [data.length, 1] })
 * unwrap(squaredMmd(of(0, 1), of(1, 2))) // → 1 + 27 - (1 + 1 + 8 + 27) / 2
 */
export const squaredMmd = (real: Features, generated: Features): either.Either<NoisefoldError, number> =>
  measuredOn('squaredMmd', { real, generated }, LEAST, () =>
    estimate('squaredMmd', float64Of(real), float64Of(generated), real.shape[1]),
  );

/** The limit is far above useful numbers: 10⁹ subsets would take days, and their estimates gigabytes. */
const numberOfSubsets = refined(positive, 'an integer from 1 to 100,000', (n) => n <= 100_000);

export const kernelSubsets = schema('kernelDistance', {
  /** The number of subsets, at most 100,000; default 100. */
  subsets: optional(numberOfSubsets, 100),
  /** The number of images in a subset; default 1000, or the smaller number of images if there are fewer. */
  size: optional(positive),
  /** The key of the choice of images; default `key(0)`. */
  key: optional(hostKey, keyOf(0)),
});

/** The subsets of {@link kernelDistance}. */
export interface KernelSubsets extends OptionsOf<typeof kernelSubsets> {}

/** Some rows without repetition, in random order. */
const randomRows = (features: Features, size: number, key: RandomKey): Float64Array => {
  const order = new Int32Array(features.shape[0]);
  randomInto('permutation', key, order);
  return rowsAt(features, order.subarray(0, size));
};

/**
 * KID: the mean of {@link squaredMmd} over random subsets of the images, and its standard deviation over the subsets
 * (with n, as NumPy's `std`). Bińkowski et al. 2018. Each subset is drawn without repetition. The defaults are those of
 * torch-fidelity. Returns a `ConfigError` for subsets of fewer than two images or of more than all, a `ShapeError` for
 * features of another shape, and a `NonFinite` for a number that is not finite or a kernel that overflows.
 * @example
 * const of = (...data: number[]): Features => ({ data: Float64Array.from(data), shape: [data.length, 1] })
 * const result = unwrap(kernelDistance(of(0, 1, 2, 3), of(1, 2, 3, 4), { subsets: 2, size: 4 }))
 * result.mean // → unwrap(squaredMmd(of(0, 1, 2, 3), of(1, 2, 3, 4)))
 */
export const kernelDistance = <G = unknown>(
  real: Features,
  generated: Features,
  options?: Exact<G, keyof KernelSubsets> & KernelSubsets,
): either.Either<NoisefoldError, MeanAndDeviation> =>
  E.flatMap(({ subsets, size: option, key }: FilledOf<typeof kernelSubsets>) =>
    measuredOn('kernelDistance', { real, generated }, LEAST, () => {
      const most = Math.min(real.shape[0], generated.shape[0]);
      const size = option ?? Math.min(1000, most);
      if (size < 2 || size > most)
        raise('ConfigError', {
          where: 'kernelDistance: size',
          expected: `subsets of 2 to ${most} images`,
          actual: `${size}`,
          hint: 'give more images, or a smaller size',
        });
      const estimates = Array.from({ length: subsets }, (_, i) => {
        const [x, y] = [
          randomRows(real, size, foldIn(key, 2 * i)),
          randomRows(generated, size, foldIn(key, 2 * i + 1)),
        ];
        return estimate('kernelDistance', x, y, real.shape[1]);
      });
      return meanAndDeviation(estimates);
    }),
  )(kernelSubsets.decode(options));
