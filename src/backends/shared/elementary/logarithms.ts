/** Logarithms. */
import {
  type Algebra,
  isUnusual,
  INFINITY_BITS,
  MANTISSA_BITS,
  normalized,
  polynomial,
  type Unary,
} from './algebra.js';
import { LN2_HIGH, LN2_LOW, LOG_TAIL } from './coefficients.js';

const BITS_OF_ROOT_HALF = 0x3f3504f3;

/** Splits a positive finite number 2ⁿ·(1 + r), with 1 + r in [√½, √2), by its bits. */
export const split = <F, I, B>(k: Algebra<F, I, B>, bits: I): { readonly n: F; readonly r: F } => {
  const normal = normalized(k, bits);
  const fromRootHalf = k.share(k.int.sub(normal.bits, BITS_OF_ROOT_HALF));
  const mantissa = k.int.and(fromRootHalf, 2 ** MANTISSA_BITS - 1);
  return {
    n: k.share(k.int.toFloat(k.int.sub(k.int.shiftRight(fromRootHalf, MANTISSA_BITS), normal.exponent))),
    r: k.share(k.sub(k.fromBits(k.int.add(mantissa, BITS_OF_ROOT_HALF)), 1)),
  };
};

/** ln (1 + r) = r − half + tail, with half = r²/2, tail = s·(r²/2 + R(s²)) and s = r / (2 + r). */
const series = <F, I, B>(k: Algebra<F, I, B>, r: F): { readonly half: F; readonly tail: F } => {
  const s = k.share(k.div(r, k.add(r, 2)));
  const half = k.share(k.mul(k.mul(r, r), 0.5));
  const square = k.share(k.mul(s, s));
  return { half, tail: k.mul(s, k.multiplyAdd(square, polynomial(k, square, LOG_TAIL), half)) };
};

/** ln x = n·ln 2 + ln (1 + r). */
export const log: Unary = (k, x) => {
  const bits = k.bitsOf(x);
  const { n, r } = split(k, bits);
  const { half, tail } = series(k, r);
  const rest = k.sub(k.multiplyAdd(n, LN2_LOW, tail), half);
  const regular = k.multiplyAdd(n, LN2_HIGH, k.add(r, rest));
  const [y] = k.rarely(isUnusual(k, bits), [regular], () => {
    const isZero = k.int.equal(k.int.shiftLeft(bits, 1), 0);
    const end = k.select(isZero, -Infinity, k.select(k.int.equal(bits, INFINITY_BITS), Infinity, NaN));
    return [end];
  });
  return y;
};

/** ln (1 + x). Near 0 it sums the series of {@link log} for n = 0, as 1 + x would lose digits of x. */
export const log1p: Unary = (k, x) => {
  const far = k.share(log(k, k.share(k.add(x, 1))));
  const { half, tail } = series(k, x);
  const near = k.sub(x, k.sub(half, tail));
  return k.select(k.both(k.less(-0.29, x), k.less(x, 0.41)), near, far);
};
