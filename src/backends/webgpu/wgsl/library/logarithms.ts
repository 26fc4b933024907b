import { LN2_HIGH, LN2_LOW, LOG_TAIL } from '../../../shared/polynomials.js';
import { floatLiteral } from '../types.js';
import { polynomial } from './polynomial.js';

/** The bits of √½, the lower end of the interval of mantissas. */
const ROOT_HALF = '0x3f3504f3';

export const LOGARITHMS = {
  // n ln 2 + ln (1 + r), ln (1 + r) = r - r^2/2 + s (r^2/2 + R(s^2)) with s = r / (2 + r)
  logarithmOfParts: `
fn logarithmOfParts(n: F, r: F) -> F {
  let s = r / (F(2.0) + r);
  let half = r * r * F(0.5);
  let square = s * s;
  let tail = fma(s, fma(square, ${polynomial('square', LOG_TAIL)}, half), n * F(${floatLiteral(LN2_LOW)}));
  return fma(n, F(${floatLiteral(LN2_HIGH)}), r - (half - tail));
}`,

  // the bits of a positive number as n 2^23 plus the distance from the root of 1/2; a denormal is its bits times 2^-149
  bitsFromRootHalf: `
fn bitsFromRootHalf(bits: I) -> I {
  return select(bits, bitcast<I>(F(bits)), bits < I(0x800000)) - I(${ROOT_HALF});
}`,

  // x = 2^n (1 + r) with 1 + r between the roots of 1/2 and 2
  logarithm: `
fn logarithm(x: F) -> F {
  let bits = bitcast<I>(x);
  let parts = bitsFromRootHalf(bits);
  let n = F((parts >> U(23u)) - select(I(0), I(149), bits < I(0x800000)));
  let r = bitcast<F>((parts & I(0x7fffff)) + I(${ROOT_HALF})) - F(1.0);
  let end = select(select(F(notANumber()), F(infinity()), bits == I(0x7f800000)), -F(infinity()), (bits << U(1u)) == I(0));
  return select(end, logarithmOfParts(n, r), (bits > I(0)) & (bits < I(0x7f800000)));
}`,

  // near 0 the sum 1 + x would lose digits of x, so it is not formed
  logarithmOfOnePlus: `
fn logarithmOfOnePlus(x: F) -> F {
  return select(logarithm(F(1.0) + x), logarithmOfParts(F(0.0), x), (x > F(-0.29)) & (x < F(0.41)));
}`,
} as const;
