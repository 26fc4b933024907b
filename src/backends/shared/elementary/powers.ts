/** Powers of float32. */
import {
  type Algebra,
  isUnusual,
  type Binary,
  MANTISSA_BITS,
  polynomial,
  powerOfTwo,
  SIGN_BIT,
  type Two,
} from './algebra.js';
import { LOG2_TAIL } from './coefficients.js';
import { expOfRest } from './exponentials.js';
import { split } from './logarithms.js';

/** 2 / ln 2 as the sum of two float32. */
const FACTOR = Math.fround(2 * Math.LOG2E);
const FACTOR_REST = 2 * Math.LOG2E - FACTOR;

/** b·log₂ a for positive finite a. */
const scaledLog = <F, I, B>(k: Algebra<F, I, B>, a: F, b: F): Two<F> => {
  const { n, r } = split(k, k.bitsOf(a));
  // log₂ (1 + r) = 2/ln 2·s + s·R(s²) with s = r / (2 + r); the rounding error of s is (r − s·(2 + r)) / (2 + r)
  const inverse = k.share(k.div(1, k.add(r, 2)));
  const s = k.share(k.mul(r, inverse));
  const { high, low } = k.product(s, r);
  const sRest = k.mul(k.sub(k.sub(k.sub(r, k.add(s, s)), high), low), inverse);
  const square = k.share(k.mul(s, s));
  const tail = k.multiplyAdd(s, FACTOR_REST, k.mul(k.mul(s, square), polynomial(k, square, LOG2_TAIL)));
  const first = k.product(s, FACTOR);
  const slope = k.multiplyAdd(square, FACTOR, FACTOR); // 2/ln 2·(1 + s²), nearly 2/ln 2 / (1 − s²)
  const log = k.sum(n, { high: first.high, low: k.add(first.low, k.multiplyAdd(sRest, slope, tail)) });
  const product = k.product(log.high, b);
  return { high: product.high, low: k.share(k.multiplyAdd(log.low, b, product.low)) };
};

/** 2^x = e·2ⁿ; the lowest 22 bits of an integer are those of n. */
const exp2 = <F, I, B>(k: Algebra<F, I, B>, { high, low }: Two<F>): { readonly e: F; readonly bits: I } => {
  const { n, bits } = k.nearest(high, 1, 0);
  const x = k.share(k.mul(k.add(k.sub(high, n), low), Math.LN2));
  return { e: k.add(expOfRest(k, x, x), 1), bits };
};

/** 2^x for all numbers. It multiplies twice, because a power may overflow or be denormal. */
const exp2OfAny = <F, I, B>(k: Algebra<F, I, B>, x: Two<F>): F => {
  const { e, bits } = exp2(k, { high: k.share(k.clamp(x.high, -153, 131)), low: k.clamp(x.low, -1, 1) });
  const half = k.share(k.int.shiftRight(k.int.shiftLeft(bits, 10), 11)); // of the lowest 22 bits
  return k.mul(k.mul(e, powerOfTwo(k, half)), powerOfTwo(k, k.int.sub(bits, half)));
};

/** aᵇ as `Math.pow`, from its value for |a|, if that is neither 0 nor infinite. */
const powerOfAny = <F, I, B>(k: Algebra<F, I, B>, a: F, b: F, regular: F): F => {
  const size = k.share(k.abs(a));
  const isZero = k.share(k.equal(size, 0));
  const bIsFinite = k.share(k.isFinite(b));
  const areFinite = k.share(k.both(k.isFinite(a), bIsFinite));
  const isWhole = k.share(k.equal(k.trunc(b), b));
  const half = k.share(k.mul(b, 0.5));
  const isOdd = k.both(k.both(isWhole, bIsFinite), k.not(k.equal(k.trunc(half), half)));
  const isNegative = k.share(k.int.less(k.bitsOf(a), 0));
  const grows = k.not(k.differ(k.less(1, size), k.less(0, b)));
  const isEnd = k.either(isZero, k.not(areFinite));
  const magnitude = k.share(k.select(isEnd, k.select(grows, Infinity, 0), regular));
  const signed = k.select(k.both(isNegative, isOdd), k.neg(magnitude), magnitude);
  const isOneToInfinity = k.both(k.equal(size, 1), k.not(bIsFinite));
  const isRoot = k.both(k.both(isNegative, areFinite), k.not(k.either(isZero, isWhole)));
  const isInvalid = k.either(k.either(k.isNan(a), k.isNan(b)), k.either(isOneToInfinity, isRoot));
  return k.select(k.equal(b, 0), 1, k.select(isInvalid, NaN, signed));
};

/** The bits of 125, the largest |log₂ aᵇ| for which the power is certainly a normal number. */
const LARGEST = 0x42fa0000;

export const pow: Binary = (k, a, b) => {
  const x = scaledLog(k, k.share(k.abs(a)), b);
  const { e, bits } = exp2(k, x);
  const usual = k.fromBits(k.int.add(k.bitsOf(e), k.int.shiftLeft(bits, MANTISSA_BITS)));
  const isLarge = k.int.less(LARGEST, k.int.and(k.bitsOf(x.high), ~SIGN_BIT));
  const [y] = k.rarely(k.either(isUnusual(k, k.bitsOf(a)), isLarge), [usual], () => [
    powerOfAny(k, a, b, exp2OfAny(k, x)),
  ]);
  return y;
};
