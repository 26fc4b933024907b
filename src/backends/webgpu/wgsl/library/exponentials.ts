/**
 * exp and functions based on it, with the polynomials of the host's kernels. Results below 1.7e-38 are 0.
 *
 * A WGSL implementation may rewrite n·a + n·b as n·(a + b). If a and b are the high and low part of a constant, the low
 * part would be lost. So the low part is multiplied by another number, n·2⁸, which optimizers of float arithmetic do
 * not recognize as a multiple of n.
 */
import { EXP_TAIL, LN2_HIGH, LN2_LOW } from '../../../shared/polynomials.js';
import { floatLiteral } from '../types.js';
import { polynomial } from './polynomial.js';

const LOG2E = floatLiteral(Math.LOG2E);

export const EXPONENTIALS = {
  // x - n ln 2
  restOfExponent: `
fn restOfExponent(x: F, n: I) -> F {
  return fma(F(n << U(8u)), F(${floatLiteral(-LN2_LOW / 256)}), fma(F(n), F(${floatLiteral(-LN2_HIGH)}), x));
}`,

  // (e^r - 1 - r) / r^2
  exponentialTail: `
fn exponentialTail(r: F) -> F { return ${polynomial('r', EXP_TAIL)}; }`,

  // 2^n, for n from -126 to 127; 0 for -127
  powerOfTwo: `
fn powerOfTwo(n: I) -> F { return bitcast<F>((n + I(127)) << U(23u)); }`,

  // 2e^r 2^(n - 1), so that n = 128 does not overflow early
  exponential: `
fn exponential(x: F) -> F {
  let y = clamp(x, F(-87.5), F(89.0));
  let n = I(round(y * F(${LOG2E})));
  let r = restOfExponent(y, n);
  let twice = fma(r * r, exponentialTail(r) * F(2.0), fma(r, F(2.0), F(2.0)));
  return select(twice * powerOfTwo(n - I(1)), x, isNan(x));
}`,

  // e^x - 1 = 2 (2^(n - 1) (e^r - 1) + (2^(n - 1) - 1/2))
  exponentialLessOne: `
fn exponentialLessOne(x: F) -> F {
  let y = clamp(x, F(-25.0), F(89.0));
  let n = I(round(y * F(${LOG2E})));
  let r = restOfExponent(y, n);
  let scale = powerOfTwo(n - I(1));
  let half = fma(fma(r * r, exponentialTail(r), r), scale, scale - F(0.5));
  return select(half + half, x, isNan(x));
}`,

  logistic: `
fn logistic(x: F) -> F { return F(1.0) / (F(1.0) + exponential(-x)); }`,

  // with e = e^2x - 1: e / (e + 2)
  hyperbolicTangent: `
fn hyperbolicTangent(x: F) -> F {
  let y = clamp(x, F(-10.0), F(10.0)) * F(2.0);
  let n = I(round(y * F(${LOG2E})));
  let r = restOfExponent(y, n);
  let scale = powerOfTwo(n);
  let e = fma(fma(r * r, exponentialTail(r), r), scale, scale - F(1.0));
  return select(e / (e + F(2.0)), x, isNan(x));
}`,
} as const;
