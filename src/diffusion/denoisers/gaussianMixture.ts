import type { Shape } from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { fail, type NoisefoldError, showShape } from '../../internal/errors.js';
import { E, type either, t } from '../../internal/fp.js';
import { sizeOf, sumOf } from '../../internal/numbers.js';
import { numbers } from '../../internal/parts.js';
import { schema } from '../../internal/schema.js';

/** A mixture of K Gaussians, Σ_k w_k·N(m_k, v_k), on the host: data with a known optimal denoiser, {@link exactDenoiser}. */
export interface GaussianMixture<I extends Shape> {
  /** The shape of a sample. */
  readonly shape: I;
  /** The w_k: positive, with sum 1. */
  readonly weights: readonly number[];
  /** The m_k, each with one number for each element of a sample, row-major. */
  readonly means: readonly ArrayLike<number>[];
  /** The v_k: one number for all directions, or one for each element of a sample. 0 makes a point. */
  readonly variances: readonly (number | ArrayLike<number>)[];
}

const lengthOf = (row: number | ArrayLike<number>): number => (typeof row === 'number' ? 1 : row.length);

/** The first mistake in a mixture, as the expected and the actual of an error. */
const mistakeOf = ({
  shape,
  weights,
  means,
  variances,
}: GaussianMixture<Shape>): readonly [expected: string, actual: string] | null => {
  const size = sizeOf(shape as readonly number[]); // a mixture has numbers as extents
  const total = sumOf(weights);
  const negative = weights.find((weight) => !(weight > 0));
  const short = means.find(({ length }) => length !== size);
  const uneven = variances.find((v) => typeof v !== 'number' && lengthOf(v) !== size);
  const numbers = means.flatMap((mean) => Array.from(mean));
  const spreads = variances.flatMap((v) => (typeof v === 'number' ? [v] : Array.from(v)));
  const unbounded = numbers.find((mean) => !Number.isFinite(mean));
  const narrow = spreads.find((v) => !(v >= 0 && v < Infinity));
  if (weights.length === 0) return ['at least one Gaussian', 'none'];
  if (means.length !== weights.length || variances.length !== weights.length)
    return [
      `as many means and variances as weights, ${weights.length}`,
      `${means.length} means and ${variances.length} variances`,
    ];
  if (negative !== undefined) return ['positive weights', `${negative}`];
  if (Math.abs(total - 1) > 1e-9) return ['weights that sum to 1', `weights that sum to ${total}`];
  if (short !== undefined) return [`means of ${size} numbers, for ${showShape(shape)}`, `one of ${short.length}`];
  if (uneven !== undefined)
    return [`variances of one number or ${size}, for ${showShape(shape)}`, `one of ${lengthOf(uneven)}`];
  if (unbounded !== undefined) return ['finite means', `${unbounded}`];
  return narrow === undefined ? null : ['finite variances ≥ 0', `${narrow}`];
};

const mixture = schema('gaussianMixture', {
  shape: t.array(t.number, 'the shape of a sample'),
  weights: t.array(t.number, 'a weight for each Gaussian'),
  means: t.array(numbers, 'a mean for each Gaussian'),
  variances: t.array(t.union([t.number, numbers], 'a number, or an array of numbers'), 'a variance for each Gaussian'),
} satisfies Record<keyof GaussianMixture<[]>, unknown>);

/**
 * Checks a mixture of Gaussians. Returns a `ConfigError` for weights that are not positive or do not sum to 1, negative
 * variances, numbers that are not finite, and counts that do not agree.
 * @example
 * const two = { shape: [2] as const, means: [[-1, 0], [1, 0]], variances: [0.1, [0.2, 0.3]] }
 * isRight(gaussianMixture({ ...two, weights: [0.5, 0.5] })) // → true
 * const wrong = gaussianMixture({ ...two, weights: [0.5, 0.6] })
 * isLeft(wrong) && wrong.left.actual // → 'weights that sum to 1.1'
 */
export const gaussianMixture = <I extends Shape, G = unknown>(
  input: Exact<G, keyof GaussianMixture<[]>> & GaussianMixture<I>,
): either.Either<NoisefoldError, GaussianMixture<I>> => {
  const options = mixture.decode<GaussianMixture<I>>(input);
  const mistake = E.isLeft(options) ? null : mistakeOf(options.right);
  return mistake === null
    ? options
    : fail('ConfigError', {
        where: 'gaussianMixture',
        expected: mistake[0],
        actual: mistake[1],
        hint: 'each Gaussian has a weight, a mean of the shape of a sample, and one variance or one for each number of the mean',
      });
};
