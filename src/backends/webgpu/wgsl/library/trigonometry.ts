/** Sine, cosine, tangent and arc tangent. Absolute errors are below 1e-7 for |x| up to 8192, below 3e-7 beyond. */
import { ATAN_TAIL, COS_TAIL, SIN_TAIL } from '../../../shared/polynomials.js';
import { floatLiteral } from '../types.js';
import { polynomial } from './polynomial.js';

/**
 * π/2 in three parts. The first two have so few bits that their products with a number of quarter turns of at most
 * 13 bits are exact.
 */
const QUARTER = [1.5703125, 4.837512969970703e-4, 7.549790126404332e-8] as const;
const FAR = floatLiteral(8192);

export const TRIGONOMETRY = {
  // reduces angles beyond 8192. `bitsOfTurns` holds the binary digits of 1/2π, after 32 zero bits
  reduceFarAngle: `
const bitsOfTurns = array<u32, 7>(0u, 0x28be60dbu, 0x9391054au, 0x7f09d5f4u, 0x7d4d3770u, 0x36d8a566u, 0x4f10e410u);

fn highProduct(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u);
}

fn bitsOfTurnsFrom(start: u32) -> u32 {
  var table = bitsOfTurns;
  let at = min(start >> 5u, 5u);
  let shift = start & 31u;
  return (table[at] << shift) | select(0u, table[at + 1u] >> (32u - shift), shift > 0u);
}

// removes whole turns from an angle beyond 8192 (Payne and Hanek): the mantissa times those bits of 1/2π that
// count for less than a turn
fn reduceFarAngle(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let mantissa = (bits & 0x7fffffu) | 0x800000u;
  let start = min(((bits >> 23u) & 0xffu) - 118u, 136u);
  let turn = mantissa * bitsOfTurnsFrom(start) + highProduct(mantissa, bitsOfTurnsFrom(start + 32u));
  let angle = f32(bitcast<i32>(turn)) * ${floatLiteral((2 * Math.PI) / 2 ** 32)};
  return select(angle, -angle, bits > 0x80000000u);
}`,

  reduceAngle: `
fn reduceAngle(x: F) -> F {
  let isFar = abs(x) > F(${FAR});
  if (any(isFar)) { return select(x, reduceFarAngle(x), isFar); }
  return x;
}`,

  restOfQuarters: `
fn restOfQuarters(x: F, n: I) -> F {
  let nearly = fma(F(n << U(8u)), F(${floatLiteral(-QUARTER[1] / 256)}), fma(F(n), F(${floatLiteral(-QUARTER[0])}), x));
  return fma(F(n << U(4u)), F(${floatLiteral(-QUARTER[2] / 16)}), nearly);
}`,

  sineNearZero: `
fn sineNearZero(r: F) -> F {
  let z = r * r;
  return fma(r * z, ${polynomial('z', SIN_TAIL)}, r);
}`,

  cosineNearZero: `
fn cosineNearZero(r: F) -> F {
  let z = r * r;
  return fma(z * z, ${polynomial('z', COS_TAIL)}, fma(z, F(-0.5), F(1.0)));
}`,

  // the sine of x plus `more` quarter turns
  sineOfQuarters: `
fn sineOfQuarters(x: F, more: I) -> F {
  let near = reduceAngle(x);
  let n = I(round(near * F(${floatLiteral(2 / Math.PI)})));
  let r = restOfQuarters(near, n);
  let quarter = n + more;
  let y = select(sineNearZero(r), cosineNearZero(r), (quarter & I(1)) == I(1));
  return select(F(notANumber()), select(y, -y, (quarter & I(2)) == I(2)), isFinite(x));
}`,

  sine: `
fn sine(x: F) -> F { return sineOfQuarters(x, I(0)); }`,

  cosine: `
fn cosine(x: F) -> F { return sineOfQuarters(x, I(1)); }`,

  tangent: `
fn tangent(x: F) -> F {
  let near = reduceAngle(x);
  let n = I(round(near * F(${floatLiteral(2 / Math.PI)})));
  let r = restOfQuarters(near, n);
  let s = sineNearZero(r);
  let c = cosineNearZero(r);
  let isOdd = (n & I(1)) == I(1);
  return select(F(notANumber()), select(s, -c, isOdd) / select(c, s, isOdd), isFinite(x));
}`,

  arcTangent: `
fn arcTangent(x: F) -> F {
  let a = abs(x);
  let isFar = a > F(1.0);
  let t = select(a, F(1.0) / a, isFar);
  let z = t * t;
  let y = fma(t * z, ${polynomial('z', ATAN_TAIL)}, t);
  return select(withSign(select(y, (F(${floatLiteral(Math.fround(Math.PI / 2))}) - y) + F(${floatLiteral(Math.PI / 2 - Math.fround(Math.PI / 2))}), isFar), x), x, isNan(x));
}`,
} as const;
