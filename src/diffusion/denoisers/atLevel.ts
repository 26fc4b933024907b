/** Predictions at the noise level of each sample. `conversion` has the same maps for numbers on the host. */
import {
  add,
  type Dim,
  div,
  mul,
  neg,
  onesLike,
  reciprocal,
  scaleBy,
  type Shape,
  square,
  sub,
  type Tensor,
} from '../../dsl/index.js';
import type { NoiseLevel } from '../levels/path.js';
import { noRates, type Parameterization } from './parameterization.js';

/** A batch of samples of shape `I`. */
type Batch<B extends Dim, I extends Shape> = Tensor<[B, ...I]>;

/** a·x - b·y, with a and b of each sample. */
const minus = <B extends Dim, I extends Shape>(
  x: Batch<B, I>,
  a: Tensor<[B]>,
  y: Batch<B, I>,
  b: Tensor<[B]>,
): Batch<B, I> => sub(scaleBy(x, a), scaleBy(y, b));

/**
 * The prediction that is right for x_t = α·x₀ + σ·ε: ε, x₀, v = (α·ε - σ·x₀)/√(α² + σ²), the score -ε/σ, or the velocity
 * α̇·x₀ + σ̇·ε.
 */
export const targetAt =
  <B extends Dim>(predicts: Parameterization, { alpha, sigma, norm, rates }: NoiseLevel<B>) =>
  <I extends Shape>(x0: Batch<B, I>, noise: Batch<B, I>): Batch<B, I> => {
    if (predicts === 'x0') return x0;
    if (predicts === 'epsilon') return noise;
    if (predicts === 'score') return scaleBy(noise, neg(reciprocal(sigma)));
    if (predicts === 'v') {
      const v = minus(noise, alpha, x0, sigma);
      return norm ? scaleBy(v, reciprocal(norm)) : v;
    }
    const rate = rates ?? noRates();
    return add(scaleBy(x0, rate.alpha), scaleBy(noise, rate.sigma));
  };

/**
 * x̂₀ from a prediction: (x_t - σ·ε̂)/α, (α·x_t - σ·n·v̂)/n² with n² = α² + σ², (x_t + σ²·ŝ)/α for the score ŝ, or
 * (σ̇·x_t - σ·û)/(α·σ̇ - σ·α̇) for the velocity û.
 */
export const x0At =
  <B extends Dim>(predicts: Parameterization, { alpha, sigma, norm, rates }: NoiseLevel<B>) =>
  <I extends Shape>(x: Batch<B, I>, prediction: Batch<B, I>): Batch<B, I> => {
    if (predicts === 'x0') return prediction;
    if (predicts === 'v')
      return norm
        ? minus(x, div(alpha, square(norm)), prediction, div(sigma, norm))
        : minus(x, alpha, prediction, sigma);
    if (predicts === 'velocity') {
      const rate = rates ?? noRates();
      const determinant = sub(mul(alpha, rate.sigma), mul(sigma, rate.alpha));
      return minus(x, div(rate.sigma, determinant), prediction, div(sigma, determinant));
    }
    const noise = scaleBy(prediction, predicts === 'epsilon' ? neg(sigma) : square(sigma));
    return scaleBy(add(x, noise), reciprocal(alpha));
  };

/** The size of ∂x̂₀/∂prediction, `[B]`: the error of x̂₀ for each unit of the error of a prediction. */
export const slopeAt = <B extends Dim>(
  predicts: Parameterization,
  { alpha, sigma, norm, rates }: NoiseLevel<B>,
): Tensor<[B]> => {
  if (predicts === 'x0') return onesLike(alpha);
  if (predicts === 'v') return norm ? div(sigma, norm) : sigma;
  if (predicts === 'epsilon') return div(sigma, alpha);
  if (predicts === 'score') return div(square(sigma), alpha);
  const rate = rates ?? noRates();
  return div(sigma, sub(mul(alpha, rate.sigma), mul(sigma, rate.alpha)));
};

/** A prediction from x̂₀: {@link targetAt} with the noise ε̂ = (x_t - α·x̂₀)/σ. */
const predictionAt =
  <B extends Dim>(to: Parameterization, level: NoiseLevel<B>) =>
  <I extends Shape>(x: Batch<B, I>, x0: Batch<B, I>): Batch<B, I> => {
    const { alpha, sigma, norm } = level;
    if (to === 'v' && norm === undefined) return scaleBy(sub(scaleBy(x, alpha), x0), reciprocal(sigma)); // since α² + σ² = 1
    const noise = scaleBy(sub(x, scaleBy(x0, alpha)), reciprocal(sigma));
    return targetAt(to, level)(x0, noise);
  };

/** Converts a prediction to another. */
export const convertedAt =
  <B extends Dim>(from: Parameterization, to: Parameterization, level: NoiseLevel<B>) =>
  <I extends Shape>(x: Batch<B, I>, prediction: Batch<B, I>): Batch<B, I> =>
    from === to ? prediction : predictionAt(to, level)(x, x0At(from, level)(x, prediction));
