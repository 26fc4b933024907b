/** The remainder of float32. */
import { type Algebra, type Binary, MANTISSA_BITS, normalized, powerOfTwo } from './algebra.js';

/** A positive number m·2^exponent, with an integer m of 24 bits. */
const partsOf = <F, I, B>(k: Algebra<F, I, B>, bits: I): { readonly m: I; readonly exponent: I } => {
  const normal = normalized(k, bits);
  const mantissa = k.int.and(normal.bits, 2 ** MANTISSA_BITS - 1);
  return {
    m: k.share(k.int.or(mantissa, 2 ** MANTISSA_BITS)),
    exponent: k.share(k.int.sub(k.int.shiftRight(normal.bits, MANTISSA_BITS), k.int.add(normal.exponent, 150))),
  };
};

/**
 * The number of quotient bits that one step of the division computes. With so few, the estimate is wrong by at most 1.
 */
const STEP = 16;

/** The remainder |a| mod |b|, exact: a long division of the mantissas. */
const remainder = <F, I, B>(k: Algebra<F, I, B>, a: F, b: F): F => {
  const { int } = k;
  const dividend = partsOf(k, k.bitsOf(a));
  const divisor = partsOf(k, k.bitsOf(b));
  const size = k.share(int.toFloat(divisor.m));
  const step = ([rest, left]: readonly [I, I]): readonly [I, I] => {
    const bits = k.share(int.max(int.min(left, STEP), 0));
    const scale = k.share(powerOfTwo(k, bits));
    const power = k.share(k.nearestInteger(scale));
    const quotient = k.nearestInteger(k.div(k.mul(int.toFloat(rest), scale), size));
    // the difference is between −m and m, although both products wrap around
    const over = k.share(int.sub(int.mul(rest, power), int.mul(quotient, divisor.m)));
    return [k.share(int.add(over, int.where(int.less(over, 0), divisor.m))), k.share(int.sub(left, bits))];
  };
  const left = k.share(int.sub(dividend.exponent, divisor.exponent));
  const [rest] = k.whileAny(step([dividend.m, left]), ([, left]) => int.less(0, left), step);
  // in two steps, because the power may be denormal
  const half = k.share(int.shiftRight(divisor.exponent, 1));
  const scaled = k.mul(int.toFloat(rest), powerOfTwo(k, half));
  return k.select(int.less(left, 0), a, k.mul(scaled, powerOfTwo(k, int.sub(divisor.exponent, half))));
};

/** a mod b, with the sign of b. */
export const mod: Binary = (k, a, b) => {
  const [x, y] = [k.share(k.abs(a)), k.share(k.abs(b))];
  const size = k.share(remainder(k, x, y));
  const signed = k.share(k.withSign(size, a));
  const isOther = k.differ(k.less(a, 0), k.less(b, 0));
  const remains = k.both(k.less(0, size), isOther);
  const isInvalid = k.either(k.not(k.isFinite(a)), k.either(k.isNan(b), k.int.equal(k.bitsOf(y), 0)));
  return k.select(isInvalid, NaN, k.select(remains, k.add(signed, b), signed));
};
