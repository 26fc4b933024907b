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
import type { NoiseLevel } from '../paths/path.js';
import { type Parameterization, requireRates } from './parameterization.js';

/** A batch of samples of shape `I`. */
type Batch<B extends Dim, I extends Shape> = Tensor<[B, ...I]>;

/** A prediction ŷ at a noise level: its target for x_t = α·x₀ + σ·ε, and x̂₀ from it. */
interface Formulas<B extends Dim> {
  /** y from x₀ and ε. */
  readonly target: <I extends Shape>(x0: Batch<B, I>, noise: Batch<B, I>) => Batch<B, I>;
  /** x̂₀ from x_t and ŷ. */
  readonly x0: <I extends Shape>(x: Batch<B, I>, y: Batch<B, I>) => Batch<B, I>;
  /** |∂x̂₀/∂ŷ|, `[B]`. */
  readonly slope: () => Tensor<[B]>;
}

/**
 * The formulas of each prediction. All solve y = a·x₀ + b·ε and x_t = α·x₀ + σ·ε, with a and b of `target`; each has the form that
 * rounds least.
 */
const formulas: {
  readonly [K in Parameterization]: <B extends Dim>(level: NoiseLevel<B>) => Formulas<B>;
} = {
  // y = x₀
  x0: ({ alpha }) => ({
    target: (x0) => x0,
    x0: (_, y) => y,
    slope: () => onesLike(alpha),
  }),
  // y = ε, x̂₀ = (x_t - σ·ε̂)/α
  epsilon: ({ alpha, sigma }) => ({
    target: (_, noise) => noise,
    x0: (x, y) => scaleBy(add(x, scaleBy(y, neg(sigma))), reciprocal(alpha)),
    slope: () => div(sigma, alpha),
  }),
  // y = -ε/σ, x̂₀ = (x_t + σ²·ŝ)/α
  score: ({ alpha, sigma }) => ({
    target: (_, noise) => scaleBy(noise, neg(reciprocal(sigma))),
    x0: (x, y) => scaleBy(add(x, scaleBy(y, square(sigma))), reciprocal(alpha)),
    slope: () => div(square(sigma), alpha),
  }),
  // y = (α·ε - σ·x₀)/n, x̂₀ = (α·x_t - σ·n·v̂)/n² with n² = α² + σ²; without n it is 1
  v: ({ alpha, sigma, norm }) =>
    norm
      ? {
          target: (x0, noise) => scaleBy(sub(scaleBy(noise, alpha), scaleBy(x0, sigma)), reciprocal(norm)),
          x0: (x, y) => sub(scaleBy(x, div(alpha, square(norm))), scaleBy(y, div(sigma, norm))),
          slope: () => div(sigma, norm),
        }
      : {
          target: (x0, noise) => sub(scaleBy(noise, alpha), scaleBy(x0, sigma)),
          x0: (x, y) => sub(scaleBy(x, alpha), scaleBy(y, sigma)),
          slope: () => sigma,
        },
  // y = α̇·x₀ + σ̇·ε, x̂₀ = (σ̇·x_t - σ·û)/(α·σ̇ - σ·α̇)
  velocity: ({ alpha, sigma, rates }) => {
    const dot = requireRates(rates);
    const determinant = sub(mul(alpha, dot.sigma), mul(sigma, dot.alpha));
    return {
      target: (x0, noise) => add(scaleBy(x0, dot.alpha), scaleBy(noise, dot.sigma)),
      x0: (x, y) => sub(scaleBy(x, div(dot.sigma, determinant)), scaleBy(y, div(sigma, determinant))),
      slope: () => div(sigma, determinant),
    };
  },
};

/** The prediction that is right for x_t = α·x₀ + σ·ε, from x₀ and ε. */
export const targetAt = <B extends Dim>(predicts: Parameterization, level: NoiseLevel<B>): Formulas<B>['target'] =>
  formulas[predicts](level).target;

/** x̂₀ from x_t and a prediction. */
export const x0At = <B extends Dim>(predicts: Parameterization, level: NoiseLevel<B>): Formulas<B>['x0'] =>
  formulas[predicts](level).x0;

/** The size of ∂x̂₀/∂prediction, `[B]`: the error of x̂₀ for each unit of the error of a prediction. */
export const slopeAt = <B extends Dim>(predicts: Parameterization, level: NoiseLevel<B>): Tensor<[B]> =>
  formulas[predicts](level).slope();

/** d ln(σ/α)/dt = (α·σ̇ - σ·α̇)/(α·σ), half the speed at which the log-SNR falls along a path, `[B]`. */
export const logSigmaRate = <B extends Dim>(level: NoiseLevel<B>): Tensor<[B]> =>
  reciprocal(mul(level.alpha, slopeAt('velocity', level)));

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
