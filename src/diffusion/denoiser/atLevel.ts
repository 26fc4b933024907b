/** Predictions at the noise level of each sample. `conversion` has the same maps for numbers on the host. */
import { add, type Dim, neg, reciprocal, scaleBy, type Shape, square, sub, type Tensor } from '../../dsl/index.js';
import type { NoiseLevel } from '../conditioning/networkTimesteps.js';
import type { Parameterization } from './parameterization.js';

/** A batch of samples of shape `I`. */
type Batch<B extends Dim, I extends Shape> = Tensor<[B, ...I]>;

/** x̂₀ from a prediction: (x_t - σ·ε̂)/α, α·x_t - σ·v̂ for α² + σ² = 1, or (x_t + σ²·ŝ)/α for the score ŝ. */
export const x0At =
  <B extends Dim>(predicts: Parameterization, { alpha, sigma }: NoiseLevel<B>) =>
  <I extends Shape>(x: Batch<B, I>, prediction: Batch<B, I>): Batch<B, I> => {
    if (predicts === 'x0') return prediction;
    if (predicts === 'v') return sub(scaleBy(x, alpha), scaleBy(prediction, sigma));
    const noise = scaleBy(prediction, predicts === 'epsilon' ? neg(sigma) : square(sigma));
    return scaleBy(add(x, noise), reciprocal(alpha));
  };

/** A prediction from x̂₀: ε̂ = (x_t - α·x̂₀)/σ, v̂ = (α·x_t - x̂₀)/σ for α² + σ² = 1, or the score -ε̂/σ. */
const predictionAt =
  <B extends Dim>(to: Parameterization, { alpha, sigma }: NoiseLevel<B>) =>
  <I extends Shape>(x: Batch<B, I>, x0: Batch<B, I>): Batch<B, I> => {
    if (to === 'x0') return x0;
    if (to === 'v') return scaleBy(sub(scaleBy(x, alpha), x0), reciprocal(sigma));
    const noise = scaleBy(sub(x, scaleBy(x0, alpha)), reciprocal(sigma));
    return to === 'epsilon' ? noise : scaleBy(noise, neg(reciprocal(sigma)));
  };

/** Converts a prediction to another. */
export const convertedAt =
  <B extends Dim>(from: Parameterization, to: Parameterization, level: NoiseLevel<B>) =>
  <I extends Shape>(x: Batch<B, I>, prediction: Batch<B, I>): Batch<B, I> =>
    from === to ? prediction : predictionAt(to, level)(x, x0At(from, level)(x, prediction));
