/** exp and functions based on it. Results below 1.7e-38 and denormal results may be 0. */
import { type Algebra, EXPONENT_OF_ONE, MANTISSA_BITS, polynomial, type Unary } from './algebra.js';
import { ERF_CENTRE, ERF_TAIL, EXP_TAIL, LN2_HIGH, LN2_LOW } from './coefficients.js';

/** Splits ±x = n·ln 2 + r. Returns 2^(n − shift), and r for +x, −r for −x. */
const split = <F, I, B>(
  k: Algebra<F, I, B>,
  x: F,
  sign: 1 | -1,
  shift: 0 | 1,
): { readonly r: F; readonly power: F } => {
  const { n, bits } = k.nearest(x, sign * Math.LOG2E, EXPONENT_OF_ONE - shift);
  return {
    r: k.share(k.minusMultiples(x, n, [sign * LN2_HIGH, sign * LN2_LOW])),
    power: k.fromBits(k.int.shiftLeft(bits, MANTISSA_BITS)),
  };
};

/**
 * Computes `base` + factor·(e^±r − 1 ∓ r). It sums the terms in two independent halves: latency limits the throughput
 * more than the number of operations does.
 */
export const expOfRest = <F, I, B>(k: Algebra<F, I, B>, base: F, r: F, sign: 1 | -1 = 1, factor = 1): F => {
  const [c0, c1, c2, c3, c4] = EXP_TAIL.map((c, i) => factor * (i % 2 === 0 ? c : sign * c)) as [number, number, number, number, number]; // oxfmt-ignore
  const square = k.share(k.mul(r, r));
  const low = k.multiplyAdd(r, c1, c0);
  const high = k.multiplyAdd(square, c4, k.multiplyAdd(r, c3, c2));
  return k.multiplyAdd(k.mul(square, square), high, k.multiplyAdd(square, low, base));
};

/** eˣ = 2eʳ·2ⁿ⁻¹, so that n = 128 does not overflow early. For n = −126 the result is 0. */
export const exp: Unary = (k, x) => {
  const { r, power } = split(k, k.share(k.clamp(x, -87.5, 89)), 1, 1);
  return k.mul(expOfRest(k, k.add(k.add(r, r), 2), r, 1, 2), power);
};

/** sigmoid(x) = 1 / (1 + e^−x). */
export const sigmoid: Unary = (k, x) => {
  const { r, power } = split(k, k.share(k.clamp(x, -89, 87.3)), -1, 0);
  return k.div(1, k.multiplyAdd(expOfRest(k, k.sub(1, r), r, -1), power, 1));
};

/** e^x − 1 = 2·(2ⁿ⁻¹·(eʳ − 1) + (2ⁿ⁻¹ − ½)). */
export const expm1: Unary = (k, x) => {
  const { r, power } = split(k, k.share(k.clamp(x, -25, 89)), 1, 1);
  const scale = k.share(power);
  const half = k.share(k.multiplyAdd(expOfRest(k, r, r), scale, k.sub(scale, 0.5)));
  return k.add(half, half);
};

/** tanh(x) = e / (e + 2) with e = e^2x − 1. */
export const tanh: Unary = (k, x) => {
  const y = k.share(k.clamp(x, -10, 10));
  const { r, power } = split(k, k.share(k.add(y, y)), 1, 0);
  const scale = k.share(power);
  const e = k.share(k.multiplyAdd(expOfRest(k, r, r), scale, k.sub(scale, 1)));
  return k.div(e, k.add(e, 2));
};

/** erf x: an odd polynomial for |x| ≤ 1, ±(1 − e^−q(|x|)) beyond. */
export const erf: Unary = (k, x) => {
  const size = k.share(k.abs(x));
  const y = k.share(k.min(size, 3.95));
  const q = k.share(k.neg(polynomial(k, y, ERF_TAIL)));
  const far = k.share(k.sub(1, exp(k, q)));
  const z = k.share(k.min(k.mul(x, x), 1));
  const centre = k.multiplyAdd(x, polynomial(k, z, ERF_CENTRE), x);
  return k.select(k.less(1, size), k.withSign(far, x), centre);
};
