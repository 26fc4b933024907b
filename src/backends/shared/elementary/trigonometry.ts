/** Sine, cosine, tangent and arc tangent. */
import { type Algebra, MANTISSA_BITS, polynomial, type Unary } from './algebra.js';
import { ATAN_TAIL, COS_TAIL, SIN_TAIL } from './coefficients.js';

/** π/2 in four parts. The first three are so short that their products with 13-bit numbers are exact. */
const QUARTER = [1.5703125, 4.837512969970703e-4, 7.549533620476723e-8, 2.5633440682570896e-12] as const;

/** Angles beyond this have more than 13 bits of quarter turns. */
const FAR = 8192;

/** The binary digits of 1/2π, after 32 zero bits. */
const TURNS_PER_RADIAN = [0, 0x28be60db, 0x9391054a, 0x7f09d5f4, 0x7d4d3770, 0x36d8a566, 0x4f10e410, 0x7f9458ea] as const; // oxfmt-ignore

/**
 * An angle: a number of quarter turns, of which only the two lowest bits matter, and the remaining angle, of magnitude
 * at most π/4.
 */
type Angle<F, I> = readonly [quarters: I, rest: F];

/**
 * Reduces angles beyond 8192 (Payne and Hanek, 1983): multiplies the mantissa by those bits of 1/2π that count for less
 * than a turn, in 64 bits, which wrap around at whole turns.
 */
const reducedFar = <F, I, B>(k: Algebra<F, I, B>, x: F): Angle<F, I> => {
  const { int } = k;
  const bits = k.bitsOf(x);
  const mantissa = k.share(int.or(int.and(bits, 2 ** MANTISSA_BITS - 1), 2 ** MANTISSA_BITS));
  const start = k.share(int.sub(int.and(int.shiftRight(bits, MANTISSA_BITS), 255), 118));
  const first = k.share(int.shiftRight(start, 5));
  const scale = k.share(int.powerOfTwo(int.and(start, 31)));
  const words = [0, 1, 2, 3].map((i) => k.share(int.lookUp(TURNS_PER_RADIAN, int.add(first, i))));
  /** The 32 bits that begin at bit `start` of word i. */
  const digits = (i: number): I => k.share(int.add(int.mul(words[i]!, scale), int.mulHigh(words[i + 1]!, scale)));
  const middle = digits(1);
  const carried = k.share(int.mulHigh(mantissa, digits(2)));
  const low = k.share(int.add(int.mul(mantissa, middle), carried));
  const carry = int.where(int.lessUnsigned(low, carried), 1);
  const high = k.share(int.add(int.add(int.mul(mantissa, digits(0)), int.mulHigh(mantissa, middle)), carry));
  const quarters = k.share(int.shiftRight(int.add(high, 2 ** 29), 30));
  // rounds to the nearest of 2³² parts of a turn, so that both terms have the least magnitude
  const part = int.sub(int.sub(high, int.shiftLeft(quarters, 30)), int.shiftRight(low, 31));
  const parts = k.multiplyAdd(int.toFloat(low), 2 ** -32, int.toFloat(part));
  const rest = k.share(k.mul(parts, (2 * Math.PI) / 2 ** 32));
  const isNegative = k.share(int.less(bits, 0));
  return [int.select(isNegative, int.sub(0, quarters), quarters), k.select(isNegative, k.neg(rest), rest)];
};

/** x as an angle. The usual reduction is that of Cody and Waite, 1980. */
const reduced = <F, I, B>(k: Algebra<F, I, B>, x: F): Angle<F, I> => {
  const { n, bits } = k.nearest(x, 2 / Math.PI, 0);
  const usual: Angle<F, I> = [bits, k.minusMultiples(x, n, QUARTER)];
  return k.rarely(k.less(FAR, k.abs(x)), usual, () => reducedFar(k, x));
};

/** The sine and the cosine of the remaining angle. */
const nearZero = <F, I, B>(k: Algebra<F, I, B>, r: F): { readonly sine: F; readonly cosine: F } => {
  const z = k.share(k.mul(r, r));
  return {
    sine: k.share(k.multiplyAdd(k.mul(r, z), polynomial(k, z, SIN_TAIL), r)),
    cosine: k.share(k.multiplyAdd(k.mul(z, z), polynomial(k, z, COS_TAIL), k.multiplyAdd(z, -0.5, 1))),
  };
};

const hasBit = <F, I, B>(k: Algebra<F, I, B>, x: I, bit: number): B => k.int.equal(k.int.and(x, bit), bit);

const finite = <F, I, B>(k: Algebra<F, I, B>, x: F, y: F): F => k.select(k.isFinite(x), y, NaN);

/** The sine of x plus `more` quarter turns. */
const sineOfQuarters = <F, I, B>(k: Algebra<F, I, B>, x: F, more: 0 | 1): F => {
  const [quarters, r] = reduced(k, x);
  const { sine, cosine } = nearZero(k, r);
  const quarter = k.share(k.int.add(quarters, more));
  const y = k.share(k.select(hasBit(k, quarter, 1), cosine, sine));
  return finite(k, x, k.select(hasBit(k, quarter, 2), k.neg(y), y));
};

export const sin: Unary = (k, x) => sineOfQuarters(k, x, 0);

export const cos: Unary = (k, x) => sineOfQuarters(k, x, 1);

export const tan: Unary = (k, x) => {
  const [quarters, r] = reduced(k, x);
  const { sine, cosine } = nearZero(k, r);
  const isOdd = k.share(hasBit(k, quarters, 1));
  return finite(k, x, k.div(k.select(isOdd, k.neg(cosine), sine), k.select(isOdd, sine, cosine)));
};

const HALF_PI = Math.fround(Math.PI / 2);

/** atan x: an odd polynomial of t = |x| for |x| ≤ 1; π/2 − atan (1/|x|) beyond. */
export const atan: Unary = (k, x) => {
  const size = k.share(k.abs(x));
  const isFar = k.share(k.less(1, size));
  const t = k.share(k.select(isFar, k.div(1, size), size));
  const z = k.share(k.mul(t, t));
  const y = k.share(k.multiplyAdd(k.mul(t, z), polynomial(k, z, ATAN_TAIL), t));
  const rest = k.add(k.sub(HALF_PI, y), Math.PI / 2 - HALF_PI);
  return k.withSign(k.select(isFar, rest, y), x);
};
