import {
  abs,
  add,
  clip,
  div,
  erf,
  exp,
  expm1,
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
  softplus,
  square,
  sub,
  where,
  type Tensor,
  zerosLike,
} from '../../dsl/index.js';
import type { DiagonalGaussian } from '../channels/gaussians.js';
import { hinted, oneOf } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';

/** Half the distance between neighbours of the 256 levels in [-1, 1]. */
const HALF = 1 / 255;
/** The outermost bins begin at ±OUTERMOST, halfway between the last two levels. */
const OUTERMOST = 1 - HALF;
/** The lower bound of probabilities, as in guided-diffusion. */
const SMALLEST = 1e-12;

/** erf(z/√2), of which the cdf of the standard normal distribution is ½·(1 + erf). */
const spread = <S extends Shape>(z: Tensor<S>): Tensor<S> => erf(mul(z, Math.SQRT1_2));

/**
 * The distance from the mean, in deviations, beyond which bins use the tail formula: there the difference of two erf loses digits
 * in float32.
 */
const TAIL = 3;
/**
 * The distance from the mean, in deviations, to which larger distances are clipped: beyond it all probabilities are below
 * {@link SMALLEST}, and squares could overflow float32.
 */
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
 * The width, in deviations, below which bins use the density at their middle: there all differences lose digits in float32. At this
 * width the error of {@link logNarrow} is below a rounding of float32.
 */
const NARROW = 0.03;

/** log ∫φ over a bin around z: log φ(z)·width and three terms of a series in width²; the others are below 10⁻¹² for z ≤ 7. */
const logNarrow = <S extends Shape>(z: Tensor<S>, width: Tensor<S>): Tensor<S> => {
  const [q, v] = [square(z), square(width)];
  const third = sub(mul(q, add(mul(q, add(q, 6)), 3)), 1); // q³ + 6·q² + 3·q - 1
  const second = sub(mul(q, add(q, 4)), 2); // q² + 4·q - 2
  const series = sub(mul(sub(q, 1), 1 / 24), mul(v, sub(mul(second, 1 / 2880), mul(mul(v, third), 1 / 181440))));
  return add(add(logDensity(z), log(width)), mul(v, series));
};

/** The fields of options with a cdf. */
export const cdfFields = {
  /** The cdf of the normal distribution: exact, by 'erf', if left out, or the approximation of guided-diffusion, by 'tanh'. */
  cdf: optional(hinted(oneOf('erf', 'tanh'), "'tanh' is that of guided-diffusion and of the code of DDPM"), 'erf'),
};

/** The choice of the cdf of {@link discretizedLogLikelihood}. */
export interface CdfOptions extends OptionsOf<typeof cdfFields> {}

const optionsOf = schema('discretizedLogLikelihood', cdfFields);

/** log σ(u), with the logistic function σ. */
const logSigmoid = <S extends Shape>(u: Tensor<S>): Tensor<S> => neg(softplus(neg(u)));

/** {@link byTanh} takes the cdf for σ(2·√(2/π)·(z + CUBE·z³)), with the logistic function σ. */
const CUBE = 0.044715;
const LOGIT = 2 * Math.sqrt(2 / Math.PI);

/**
 * The log-probability of bytes by the cdf of guided-diffusion, ½·(1 + tanh(√(2/π)·(z + 0.044715·z³))) = σ(u), without a
 * lower bound. A difference of tanh loses its digits in float32; σ(u) - σ(l) = σ(u)·σ(-l)·(1 - e^(l - u)) keeps them.
 */
const byTanh = <S extends Shape>({ mean, logVariance }: DiagonalGaussian<S>, x: Tensor<S>): Tensor<S> => {
  const centered = sub(x, mean);
  const inverse = exp(mul(logVariance, -0.5));
  const edge = (side: number): Tensor<S> => clip(mul(add(centered, side), inverse), -FAR, FAR);
  const [upper, lower] = [edge(HALF), edge(-HALF)];
  const logit = (z: Tensor<S>): Tensor<S> => mul(add(z, mul(mul(square(z), z), CUBE)), LOGIT);
  const [belowUpper, aboveLower] = [logSigmoid(logit(upper)), logSigmoid(neg(logit(lower)))];
  // u - l = LOGIT·width·(1 + CUBE·(z_u² + z_u·z_l + z_l²)); the probability is at most a quarter of it
  const width = minimum(mul(inverse, 2 * HALF), 2 * FAR);
  const cubes = add(square(upper), mul(add(upper, lower), lower));
  const difference = maximum(mul(mul(width, add(mul(cubes, CUBE), 1)), LOGIT), SMALLEST);
  const inside = add(add(belowUpper, aboveLower), log(neg(expm1(neg(difference)))));
  return where(less(x, -OUTERMOST), belowUpper, where(greater(x, OUTERMOST), aboveLower, inside));
};

/**
 * The log-probability of bytes under a Gaussian, element by element, in nats: DDPM (Ho et al. 2020), eq. 13. The real line is
 * divided into 256 bins around the levels -1, -1 + 2/255, …, 1. The outermost two extend to ±∞, so the probabilities sum to 1. The
 * cdf is exact, by erf, or with `{ cdf: 'tanh' }` the approximation of guided-diffusion and of the code of DDPM, ½·(1 +
 * tanh(√(2/π)·(z + 0.044715·z³))), whose error is up to 1.8·10⁻⁴, and in the tails a fraction of the probability. Probabilities are
 * at least 10⁻¹²; down to there, both have their digits and their derivatives in float32 too, while the code of guided-diffusion in
 * float32 takes 10⁻¹² for all probabilities below about 10⁻⁷.
 *
 * - `x`: bytes as levels in [-1, 1], of the shape of the mean
 *
 * @param options - `cdf`: 'erf' or 'tanh'; 'erf' if left out
 * @example
 * const wide = { mean: zeros(3), logVariance: fullOf(2 * Math.log(0.5), 3) }
 * discretizedLogLikelihood(wide)(constantOf([-1, 1 / 255, 1], 3)) // → [-3.765, -5.074, -3.765]
 * discretizedLogLikelihood(wide, { cdf: 'tanh' })(constantOf([-1, 1 / 255, 1], 3)) // → [-3.767, -5.074, -3.767]
 */
export const discretizedLogLikelihood = <S extends Shape, G = unknown>(
  gaussian: DiagonalGaussian<S>,
  options?: Exact<G, keyof CdfOptions> & CdfOptions,
) => {
  const { cdf } = optionsOf.demand(options);
  const { mean, logVariance } = gaussian;
  return (x: Tensor<NoInfer<S>>): Tensor<S> => {
    if (cdf === 'tanh') return maximum(byTanh(gaussian, x), Math.log(SMALLEST));
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
    // `where` computes all branches: unused branches get numbers in the range of their formula
    const byTail = logTail(minimum(maximum(near, TAIL), FAR), maximum(width, NARROW), isOpen);
    const byMiddle = logNarrow(minimum(mul(abs(centered), inverse), FAR), minimum(width, NARROW));
    const byEdges = where(greater(near, TAIL), byTail, byDifference);
    return maximum(where(or(isOpen, greater(width, NARROW)), byEdges, byMiddle), Math.log(SMALLEST));
  };
};
