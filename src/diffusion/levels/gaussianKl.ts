import { add, exp, expm1, mul, neg, type Shape, square, sub, type Tensor } from '../../dsl/index.js';
import type { DiagonalGaussian } from './gaussians.js';
import { demanding } from '../../internal/takes.js';
import { gaussianPart } from '../parts.js';

/**
 * KL divergence of two Gaussians, KL(p ‖ q) = ½·(σ_p²/σ_q² - 1 - log(σ_p²/σ_q²) + (μ_p - μ_q)²/σ_q²), for each element, in
 * nats. With d = log σ_p² - log σ_q² the first three terms are expm1(d) - d, which does not cancel if the variances are
 * nearly equal.
 * @example
 * const standard = { mean: zeros(2), logVariance: zeros(2) }
 * gaussianKl(standard, standard) // → [0, 0]
 * gaussianKl({ mean: constantOf([1, 0], 2), logVariance: zeros(2) }, standard) // → [0.5, 0]
 */
export const gaussianKl = demanding(
  'gaussianKl',
  { p: gaussianPart, q: gaussianPart },
  <S extends Shape>(p: DiagonalGaussian<S>, q: DiagonalGaussian<NoInfer<S>>): Tensor<S> => {
    const d = sub(p.logVariance, q.logVariance);
    const distance = mul(square(sub(p.mean, q.mean)), exp(neg(q.logVariance)));
    return mul(add(sub(expm1(d), d), distance), 0.5);
  },
);
