import {
  abs,
  add,
  div,
  erf,
  exp,
  fullLike,
  greater,
  less,
  log,
  maximum,
  minimum,
  mul,
  neg,
  onesLike,
  type Shape,
  square,
  sub,
  where,
  type Tensor,
  zerosLike,
} from '../../dsl/index.js';
import type { DiagonalGaussian } from '../process/gaussians.js';

/** Half the distance from one of 256 levels of [-1, 1] to the next. */
const HALF = 1 / 255;
/** Where the outermost bins begin: between the last two levels of either end. */
const OUTERMOST = 1 - HALF;
/** Probabilities below are taken for it, as guided-diffusion does. */
const SMALLEST = 1e-12;

/** erf(z/√2), of which the cdf of the standard normal distribution is ½·(1 + erf). */
const spread = <S extends Shape>(z: Tensor<S>): Tensor<S> => erf(mul(z, Math.SQRT1_2));

/** From how many deviations on a bin is of the tail, where a difference of two erf of float32 loses its digits. */
const TAIL = 3;
/** Beyond so many deviations there is nothing above {@link SMALLEST}; the squares of more may leave float32. */
const FAR = 40;
/** As many levels of the fraction give the tail from {@link TAIL} on within 10⁻¹². */
const LEVELS = 32;

/** (1 - Φ(z))/φ(z) = 1/(z + 1/(z + 2/(z + 3/(z + …)))), for z ≥ {@link TAIL}: Abramowitz & Stegun 26.2.14. */
const millsRatio = <S extends Shape>(z: Tensor<S>): Tensor<S> => {
  const fraction = Array.from({ length: LEVELS }, (_, k) => LEVELS - k).reduce(
    (below, k) => add(z, div(fullLike(z, k), below)),
    z,
  );
  return div(onesLike(z), fraction);
};

/** log(1 - Φ(near) - (1 - Φ(far))), without the second where `open`: far = near + width, near ≥ {@link TAIL}. */
const logTail = <S extends Shape>(near: Tensor<S>, width: Tensor<S>, open: Tensor<S, 'bool'>): Tensor<S> => {
  const far = add(near, width);
  const ratio = millsRatio(near);
  // φ(far)/φ(near), of an exponent that does not cancel
  const falls = exp(mul(mul(width, add(near, far)), -0.5));
  const rest = where(open, zerosLike(near), mul(falls, div(millsRatio(far), ratio)));
  const logDensity = sub(mul(square(near), -0.5), 0.5 * Math.log(2 * Math.PI));
  const left = maximum(sub(onesLike(near), rest), 1e-16); // a bin far narrower than σ, where both are one
  return add(logDensity, log(mul(ratio, left)));
};

/**
 * The log-probability of bytes under a Gaussian, element by element, in nats: DDPM (Ho et al. 2020), eq. 13. The real
 * line is cut into 256 bins around the levels -1, -1 + 2/255, …, 1; the outermost two go on to ∞, so that the
 * probabilities of the levels have the sum 1. The cdf is exact, by erf; guided-diffusion and the code of DDPM take
 * ½·(1 + tanh(√(2/π)·(z + 0.044715·z³))) for it, which is off by up to 1.8·10⁻⁴, in the tails by a part of what is left there. Probabilities are at least 10⁻¹².
 *
 * - `x`: bytes as levels in [-1, 1], of the shape of the mean
 * @example
 * const wide = { mean: zeros(3), logVariance: fullOf(2 * Math.log(0.5), 3) }
 * discretizedLogLikelihood(wide)(constantOf([-1, 1 / 255, 1], 3)) // → [-3.765, -5.074, -3.765]
 */
export const discretizedLogLikelihood =
  <S extends Shape>({ mean, logVariance }: DiagonalGaussian<S>) =>
  (x: Tensor<NoInfer<S>>): Tensor<S> => {
    const centered = sub(x, mean);
    const inverse = exp(mul(logVariance, -0.5));
    const toUpper = spread(mul(add(centered, HALF), inverse));
    const toLower = spread(mul(add(centered, -HALF), inverse));
    const lowest = add(toUpper, 1);
    const highest = add(neg(toLower), 1);
    const inside = sub(toUpper, toLower);
    const [isLowest, isHighest] = [less(x, -OUTERMOST), greater(x, OUTERMOST)];
    const pick = (low: Tensor<S>, between: Tensor<S>, high: Tensor<S>) =>
      where(isLowest, low, where(isHighest, high, between));
    const byDifference = log(maximum(mul(pick(lowest, inside, highest), 0.5), SMALLEST));
    const outward = pick(neg(centered), abs(centered), centered);
    const near = mul(add(outward, -HALF), inverse);
    const byTail = logTail(
      minimum(maximum(near, TAIL), FAR),
      mul(inverse, 2 * HALF),
      greater(pick(onesLike(x), zerosLike(x), onesLike(x)), 0.5),
    );
    return maximum(where(greater(near, TAIL), byTail, byDifference), Math.log(SMALLEST));
  };
