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
  or,
  type Shape,
  square,
  sub,
  tanh,
  where,
  type Tensor,
  zerosLike,
} from '../../dsl/index.js';
import type { DiagonalGaussian } from '../levels/gaussians.js';
import { hinted, oneOf } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { demanding } from '../../internal/takes.js';
import { gaussianPart } from '../parts.js';

/** Half the distance between neighbours of the 256 levels in [-1, 1]. */
const HALF = 1 / 255;
/** The outermost bins begin at ±OUTERMOST, halfway between the last two levels. */
const OUTERMOST = 1 - HALF;
/** The smallest probability, as in guided-diffusion; smaller ones are replaced by it. */
const SMALLEST = 1e-12;

/** erf(z/√2), of which the cdf of the standard normal distribution is ½·(1 + erf). */
const spread = <S extends Shape>(z: Tensor<S>): Tensor<S> => erf(mul(z, Math.SQRT1_2));

/** Bins more than so many deviations away use the tail formula, because there a difference of two erf in float32 loses its digits. */
const TAIL = 3;
/** Beyond so many deviations all probabilities are below {@link SMALLEST}; larger squares could overflow float32. */
const FAR = 40;
/** Levels of the continued fraction: enough for an error below 10⁻¹² from {@link TAIL} on. */
const LEVELS = 32;

/** (1 - Φ(z))/φ(z) = 1/(z + 1/(z + 2/(z + 3/(z + …)))), for z ≥ {@link TAIL}: Abramowitz & Stegun 26.2.14. */
const millsRatio = <S extends Shape>(z: Tensor<S>): Tensor<S> => {
  const fraction = Array.from({ length: LEVELS }, (_, k) => LEVELS - k).reduce(
    (below, k) => add(z, div(fullLike(z, k), below)),
    z,
  );
  return div(onesLike(z), fraction);
};

/** log φ(z). */
const logDensity = <S extends Shape>(z: Tensor<S>): Tensor<S> => sub(mul(square(z), -0.5), 0.5 * Math.log(2 * Math.PI));

/** log((1 - Φ(near)) - (1 - Φ(far))), without the second term if `open`: far = near + width, near ≥ {@link TAIL}. */
const logTail = <S extends Shape>(near: Tensor<S>, width: Tensor<S>, open: Tensor<S, 'bool'>): Tensor<S> => {
  const far = add(near, width);
  const ratio = millsRatio(near);
  // φ(far)/φ(near), with an exponent that does not cancel
  const falls = exp(mul(mul(width, add(near, far)), -0.5));
  const rest = where(open, zerosLike(near), mul(falls, div(millsRatio(far), ratio)));
  return add(logDensity(near), log(mul(ratio, sub(onesLike(near), rest))));
};

/**
 * Bins narrower than so many deviations take the density at their middle, because there all differences in float32 lose their
 * digits. At this width the error of {@link logNarrow} is below a rounding of float32.
 */
const NARROW = 0.03;

/** log ∫φ over a bin around z, φ(z)·width·(1 + (z² - 1)·width²/24 + O(width⁴)). */
const logNarrow = <S extends Shape>(z: Tensor<S>, width: Tensor<S>): Tensor<S> =>
  add(add(logDensity(z), log(width)), mul(mul(sub(square(z), 1), square(width)), 1 / 24));

/** The fields of options with a cdf. */
export const cdfFields = {
  /** The cdf of the normal distribution: exact, by 'erf', if left out, or the approximation of guided-diffusion, by 'tanh'. */
  cdf: optional(hinted(oneOf('erf', 'tanh'), "'tanh' is that of guided-diffusion and of the code of DDPM"), 'erf'),
};

/** The choice of the cdf of {@link discretizedLogLikelihood}. */
export interface CdfOptions extends OptionsOf<typeof cdfFields> {}

const optionsOf = schema('discretizedLogLikelihood', cdfFields);

/** The log-probability of bytes by ½·(1 + tanh(√(2/π)·(z + 0.044715·z³))) in place of the cdf: that of guided-diffusion. */
const byTanh = <S extends Shape>({ mean, logVariance }: DiagonalGaussian<S>, x: Tensor<S>): Tensor<S> => {
  const centered = sub(x, mean);
  const inverse = exp(mul(logVariance, -0.5));
  const cdf = (z: Tensor<S>): Tensor<S> =>
    mul(add(tanh(mul(add(z, mul(mul(square(z), z), 0.044715)), Math.sqrt(2 / Math.PI))), 1), 0.5);
  const [upper, lower] = [HALF, -HALF].map((side) => cdf(mul(add(centered, side), inverse))) as [Tensor<S>, Tensor<S>];
  const inside = where(greater(x, OUTERMOST), add(neg(lower), 1), sub(upper, lower));
  return log(maximum(where(less(x, -OUTERMOST), upper, inside), SMALLEST));
};

/**
 * The log-probability of bytes under a Gaussian, element by element, in nats: DDPM (Ho et al. 2020), eq. 13. The real line
 * is divided into 256 bins around the levels -1, -1 + 2/255, …, 1. The outermost two extend to ±∞, so the probabilities sum
 * to 1. The cdf is exact, by erf, or with `{ cdf: 'tanh' }` the approximation of guided-diffusion and of the code of DDPM,
 * ½·(1 + tanh(√(2/π)·(z + 0.044715·z³))), which is off by up to 1.8·10⁻⁴, and in the tails by a fraction of the probability
 * there. Probabilities are at least 10⁻¹².
 *
 * - `x`: bytes as levels in [-1, 1], of the shape of the mean
 *
 * @param options - `cdf`: 'erf' or 'tanh'; 'erf' if left out
 * @example
 * const wide = { mean: zeros(3), logVariance: fullOf(2 * Math.log(0.5), 3) }
 * discretizedLogLikelihood(wide)(constantOf([-1, 1 / 255, 1], 3)) // → [-3.765, -5.074, -3.765]
 * discretizedLogLikelihood(wide, { cdf: 'tanh' })(constantOf([-1, 1 / 255, 1], 3)) // → [-3.767, -5.074, -3.767]
 */
export const discretizedLogLikelihood = demanding(
  'discretizedLogLikelihood',
  { gaussian: gaussianPart },
  <S extends Shape, G = unknown>(gaussian: DiagonalGaussian<S>, options?: Exact<G, keyof CdfOptions> & CdfOptions) => {
    const { cdf } = optionsOf.demand(options);
    const { mean, logVariance } = gaussian;
    return (x: Tensor<NoInfer<S>>): Tensor<S> => {
      if (cdf === 'tanh') return byTanh(gaussian, x);
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
      const width = mul(inverse, 2 * HALF);
      const isOpen = or(isLowest, isHighest);
      // numbers within the range of each formula in the branches that are not taken
      const byTail = logTail(minimum(maximum(near, TAIL), FAR), maximum(width, NARROW), isOpen);
      const byMiddle = logNarrow(minimum(mul(abs(centered), inverse), FAR), minimum(width, NARROW));
      const byEdges = where(greater(near, TAIL), byTail, byDifference);
      return maximum(where(or(isOpen, greater(width, NARROW)), byEdges, byMiddle), Math.log(SMALLEST));
    };
  },
);
