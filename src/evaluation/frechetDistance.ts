import type { NoisefoldError } from '../dsl/index.js';
import { attempt, raise } from '../internal/errors.js';
import type { either } from '../internal/fp.js';
import { checkLengths } from './features.js';
import { covarianceOf, type Moments, momentsIn } from './moments.js';
import { eigenOf, product, transposed } from './symmetric.js';

/** A covariance and a bound of its rank: n − 1 for n images. */
interface Covariance {
  readonly sigma: Float64Array;
  readonly rank: number;
}

/** The square root of eigenvalue k. */
interface Root {
  readonly k: number;
  readonly root: number;
}

/**
 * The square roots of the `rank` largest eigenvalues, in ascending order. Leaves out eigenvalues that are zeros with a
 * rounding error.
 */
const rootsOf = (values: readonly number[], rank: number): readonly Root[] => {
  const noise = values.length * Number.EPSILON * Math.max(...values);
  return values
    .map((value, k) => ({ k, value }))
    .slice(-rank)
    .filter(({ value }) => value > noise)
    .map(({ k, value }) => ({ k, root: Math.sqrt(value) }));
};

/**
 * Computes tr (Σ₁Σ₂)^½ as the sum of the square roots of the eigenvalues of √Σ₁ Σ₂ √Σ₁. Σ₁ is the covariance of lower
 * rank, and √Σ₁ is computed in the space that Σ₁ spans. So with fewer images than features, no root of a zero with a
 * rounding error is taken.
 */
const traceOfRoot = (one: Covariance, other: Covariance, D: number): number => {
  const [first, second] = one.rank <= other.rank ? [one, other] : [other, one];
  const { values, vector } = eigenOf(first.sigma, D);
  const roots = rootsOf(values, first.rank);
  const r = roots.length;
  if (r === 0) return 0;
  const half = new Float64Array(r * D); // Λ^½ Vᵀ
  roots.forEach(({ k, root }, row) => {
    for (let i = 0; i < D; i++) half[row * D + i] = root * vector(k, i);
  });
  const inner = product(product(half, second.sigma, r, D, D), transposed(half, r, D), r, D, r);
  return rootsOf(eigenOf(inner, r).values, r).reduce((sum, { root }) => sum + root, 0);
};

const trace = (matrix: Float64Array, D: number): number => {
  let sum = 0;
  for (let i = 0; i < D; i++) sum += matrix[i * D + i]!;
  return sum;
};

const checkMoments = (where: string, moments: Moments): void => {
  const { count, mean, scatter } = momentsIn(where).demand(moments);
  if (count < 2)
    raise('ConfigError', {
      where,
      expected: 'at least 2 images',
      actual: `${count}`,
      hint: 'give more images: a covariance needs two',
    });
  if (![mean, scatter].every((numbers) => numbers.every(Number.isFinite)))
    raise('NonFinite', {
      where,
      expected: 'finite moments',
      actual: 'NaN or infinity',
      hint: 'check the features: they are not finite, or too large to be squared',
    });
};

/**
 * The Fréchet distance of two normal distributions with these moments, ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½): of
 * features of a network, the FID. Heusel et al. 2017, eq. 6. Covariances have n − 1, as in pytorch-fid and clean-fid.
 * It is also defined with fewer images than features. Returns a `ConfigError` for fewer than two images, a `ShapeError`
 * for features of different lengths, and a `NonFinite` for moments that are not finite.
 *
 * The cost grows with D³: 64 features take milliseconds, 2048 minutes.
 * @example
 * const of = (...data: number[]) => unwrap(momentsOf({ data: Float64Array.from(data), shape: [data.length, 1] }))
 * unwrap(frechetDistance(of(0, 2), of(3, 7))) // → 4 ** 2 + (Math.sqrt(2) - Math.sqrt(8)) ** 2
 */
export const frechetDistance = (real: Moments, generated: Moments): either.Either<NoisefoldError, number> =>
  attempt(() => {
    checkMoments('frechetDistance: real', real);
    checkMoments('frechetDistance: generated', generated);
    const D = real.mean.length;
    checkLengths('frechetDistance', D, generated.mean.length);
    const [sigma1, sigma2] = [covarianceOf(real), covarianceOf(generated)];
    const distance = real.mean.reduce((sum, mean, i) => sum + (mean - generated.mean[i]!) ** 2, 0);
    const root = traceOfRoot({ sigma: sigma1, rank: real.count - 1 }, { sigma: sigma2, rank: generated.count - 1 }, D);
    return Math.max(0, distance + trace(sigma1, D) + trace(sigma2, D) - 2 * root); // rounding may make it negative
  });
