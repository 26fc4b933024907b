import {
  add,
  erf,
  exp,
  greater,
  less,
  log,
  maximum,
  mul,
  neg,
  type Shape,
  sub,
  select,
  type Tensor,
} from '../dsl/index.js';
import type { DiagonalGaussian } from './gaussianKl.js';

/** Half the distance from one of 256 levels of [-1, 1] to the next. */
const HALF = 1 / 255;
/** Where the outermost bins begin: between the last two levels of either end. */
const OUTERMOST = 1 - HALF;
/** Probabilities below are taken for it, as guided-diffusion does: the difference of two erf of float32 has no digit left. */
const SMALLEST = 1e-12;

/** erf(z/√2), of which the cdf of the standard normal distribution is ½·(1 + erf). */
const spread = <S extends Shape>(z: Tensor<S>): Tensor<S> => erf(mul(Math.SQRT1_2)(z));

/**
 * The log-probability of bytes under a Gaussian, element by element, in nats: DDPM (Ho et al. 2020), eq. 13. The real
 * line is cut into 256 bins around the levels -1, -1 + 2/255, …, 1; the outermost two go on to ∞, so that the
 * probabilities of the levels have the sum 1. The cdf is exact, by erf; guided-diffusion and the code of DDPM take
 * ½·(1 + tanh(√(2/π)·(z + 0.044715·z³))) for it, which is off by up to 1.8·10⁻⁴, in the tails by a part of what is left there. Probabilities are at least 10⁻¹².
 *
 * - `x`: bytes as levels in [-1, 1], of the shape of the mean
 *
 * @example
 * const wide = { mean: zeros(3), logVariance: fullOf(2 * Math.log(0.5), 3) }
 * discretizedLogLikelihood(wide)(constantOf([-1, 1 / 255, 1], 3)) // → [-3.765, -5.074, -3.765]
 */
export const discretizedLogLikelihood =
  <S extends Shape>({ mean, logVariance }: DiagonalGaussian<S>) =>
  (x: Tensor<NoInfer<S>>): Tensor<S> => {
    const centered = sub(mean)(x);
    const inverse = exp(mul(-0.5)(logVariance));
    const toUpper = spread(mul(inverse)(add(HALF)(centered)));
    const toLower = spread(mul(inverse)(add(-HALF)(centered)));
    const lowest = add(1)(toUpper);
    const highest = add(1)(neg(toLower));
    const inside = sub(toLower)(toUpper);
    const twice = select(less(-OUTERMOST)(x), select(greater(OUTERMOST)(x), inside)(highest))(lowest);
    return log(maximum(SMALLEST)(mul(0.5)(twice)));
  };
