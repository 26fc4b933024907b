/** Powers, remainders and the error function of float32. */
import { ERF_CENTRE, ERF_TAIL, EXP_TAIL, LOG_TAIL } from '../../../shared/polynomials.js';
import { floatLiteral } from '../types.js';
import { polynomial } from './polynomial.js';

/** Rounds a float32 toward zero to 12 bits, so that products of two such numbers are exact. */
const twelveBits = (value: number): number => {
  const bits = new Int32Array(Float32Array.of(value).buffer);
  bits[0]! &= -4096;
  return new Float32Array(bits.buffer)[0]!;
};

const TWO_LOG2E = 2 * Math.LOG2E;
const HIGH = twelveBits(TWO_LOG2E);

export const POWERS = {
  twelveBits: `
fn twelveBits(x: F) -> F { return bitcast<F>(bitcast<U>(x) & U(0xfffff000u)); }`,

  // a^b = 2^(b log2 a) for a positive finite a. The logarithm and its product with b have 12 bits more than a
  // float32, in two parts; the high parts are short, so that their products are exact
  powerOfPositive: `
fn powerOfPositive(a: F, b: F) -> F {
  let bits = bitcast<I>(a);
  let parts = bitsFromRootHalf(bits);
  let n = F((parts >> U(23u)) - select(I(0), I(149), bits < I(0x800000)));
  let r = bitcast<F>((parts & I(0x7fffff)) + I(0x3f3504f3)) - F(1.0);
  let whole = F(2.0) + r;
  let ratio = r / whole;
  let s = twelveBits(ratio);
  let rHigh = twelveBits(r);
  let sRest = (((r - F(2.0) * s) - s * rHigh) - s * (r - rHigh)) / whole;
  let square = ratio * ratio;
  let tail = ratio * square * (${polynomial(
    'square',
    LOG_TAIL.map((c) => c * Math.LOG2E),
  )});
  let t = s * F(${floatLiteral(HIGH)});
  let tRest = fma(s, F(${floatLiteral(TWO_LOG2E - HIGH)}), fma(sRest, F(${floatLiteral(TWO_LOG2E)}), tail));
  let high = twelveBits(n + (t + tRest));
  let low = ((n - high) + t) + tRest;
  let bHigh = twelveBits(b);
  let product = high * bHigh;
  let rest = fma(high, b - bHigh, low * b);
  let m = round(clamp(product + rest, F(-150.0), F(129.0)));
  let y = clamp((product - m) + rest, F(-1.0), F(1.0)) * F(${floatLiteral(Math.LN2)});
  let e = fma(y * y, ${polynomial('y', EXP_TAIL)}, y) + F(1.0);
  let exponent = I(m);
  let half = exponent >> U(1u);
  let power = e * powerOfTwo(half) * powerOfTwo(exponent - half);
  return select(select(power, F(0.0), product + rest < F(-150.0)), F(infinity()), product + rest > F(129.0));
}`,

  power: `
fn power(a: F, b: F) -> F {
  let size = abs(a);
  let isWhole = trunc(b) == b;
  let isOdd = isWhole & (abs(b) < F(16777216.0)) & ((integerOf(b) & I(1)) == I(1));
  let isNegative = bitcast<I>(a) < I(0);
  let grows = (size > F(1.0)) == (b > F(0.0));
  let isEnd = (size == F(0.0)) | !isFinite(a) | !isFinite(b);
  let regular = powerOfPositive(select(size, F(1.0), isEnd), select(b, F(1.0), isEnd));
  let magnitude = select(regular, select(F(0.0), F(infinity()), grows), isEnd);
  let signed = select(magnitude, -magnitude, isNegative & isOdd);
  let isInvalid = isNan(a) | isNan(b) | ((size == F(1.0)) & !isFinite(b))
    | (isNegative & (size != F(0.0)) & isFinite(a) & isFinite(b) & !isWhole);
  return select(select(signed, F(notANumber()), isInvalid), F(1.0), b == F(0.0));
}`,

  // the remainder with the sign of the divisor, exact: a long division of the mantissas, eight bits at a time
  floorMod: `
fn floorMod(a: f32, b: f32) -> f32 {
  let x = bitcast<u32>(a) & 0x7fffffffu;
  let y = bitcast<u32>(b) & 0x7fffffffu;
  if (x >= 0x7f800000u || y > 0x7f800000u || y == 0u) { return notANumber(); }
  var size = abs(a);
  if (x >= y) {
    let exponent = max(y >> 23u, 1u);
    let divisor = (y & 0x7fffffu) | select(0u, 0x800000u, y >= 0x800000u);
    var rest = ((x & 0x7fffffu) | select(0u, 0x800000u, x >= 0x800000u)) % divisor;
    var left = max(x >> 23u, 1u) - exponent;
    while (left > 0u && rest > 0u) {
      let step = min(left, 8u);
      rest = (rest << step) % divisor;
      left -= step;
    }
    let half = i32(exponent) / 2;
    size = f32(rest) * bitcast<f32>(u32(half - 75 + 127) << 23u) * bitcast<f32>(u32(i32(exponent) - half - 75 + 127) << 23u);
  }
  let signed = select(size, -size, a < 0.0);
  return select(signed, signed + b, size != 0.0 && (a < 0.0) != (b < 0.0));
}`,

  // an odd polynomial near 0, 1 - e^-q further out
  errorFunction: `
fn errorFunction(x: F) -> F {
  let a = abs(x);
  let z = min(a * a, F(1.0));
  let centre = fma(x, ${polynomial('z', ERF_CENTRE)}, x);
  let y = min(a, F(3.95));
  let far = F(1.0) - exponential(-(${polynomial('y', ERF_TAIL)}));
  return select(select(centre, withSign(far, x), a > F(1.0)), x, isNan(x));
}`,
} as const;
