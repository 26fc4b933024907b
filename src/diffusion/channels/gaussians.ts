/** Gaussians over tensors: one variance for each sample, or one for each element; and their KL divergence. */
import {
  add,
  erf,
  exp,
  expm1,
  type Elementwise,
  mul,
  neg,
  type Dim,
  type Shape,
  square,
  sub,
  type Tensor,
} from '../../dsl/index.js';

/** A Gaussian for each sample: the mean has the shape of the samples, the variance is one number for each, `[B]`. */
export interface Gaussian<B extends Dim, I extends Shape> {
  readonly mean: Tensor<[B, ...I]>;
  readonly variance: Tensor<[B]>;
  readonly logVariance: Tensor<[B]>;
}

/** Independent Gaussians, one for each element. */
export interface DiagonalGaussian<S extends Shape> {
  readonly mean: Tensor<S>;
  readonly logVariance: Tensor<S>;
}

/** The density of N(mean, deviation²). */
export const normalDensity =
  (mean: number, deviation: number): Elementwise =>
  (x) =>
    mul(exp(mul(square(mul(sub(x, mean), 1 / deviation)), -0.5)), 1 / (deviation * Math.sqrt(2 * Math.PI)));

/** Φ, the distribution function of N(mean, deviation²). */
export const normalCdf =
  (mean: number, deviation: number): Elementwise =>
  (x) =>
    mul(add(erf(mul(sub(x, mean), Math.SQRT1_2 / deviation)), 1), 0.5);

/**
 * KL divergence of two Gaussians, KL(p ‖ q) = ½·(σ_p²/σ_q² - 1 - log(σ_p²/σ_q²) + (μ_p - μ_q)²/σ_q²), for each element, in
 * nats. With d = log σ_p² - log σ_q² the first three terms are expm1(d) - d, which does not cancel if the variances are
 * nearly equal.
 * @example
 * const standard = { mean: zeros(2), logVariance: zeros(2) }
 * gaussianKl(standard, standard) // → [0, 0]
 * gaussianKl({ mean: constantOf([1, 0], 2), logVariance: zeros(2) }, standard) // → [0.5, 0]
 */
export const gaussianKl = <S extends Shape>(p: DiagonalGaussian<S>, q: DiagonalGaussian<NoInfer<S>>): Tensor<S> => {
  const d = sub(p.logVariance, q.logVariance);
  const distance = mul(square(sub(p.mean, q.mean)), exp(neg(q.logVariance)));
  return mul(add(sub(expm1(d), d), distance), 0.5);
};
