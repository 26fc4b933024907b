/**
 * Classifies and composes float32 numbers by their bits. A WGSL implementation may assume that there are no NaNs and
 * infinities, and replace `x != x` by false. So these tests use integers.
 */
export const FLOATS = {
  infinity: `
fn infinity() -> f32 { return bitcast<f32>(bitsOfInfinity); }`,

  notANumber: `
fn notANumber() -> f32 { return bitcast<f32>(bitsOfInfinity | 0x400000u); }`,

  isNan: `
fn isNan(x: F) -> B { return (bitcast<U>(x) & U(0x7fffffffu)) > U(0x7f800000u); }`,

  isFinite: `
fn isFinite(x: F) -> B { return (bitcast<U>(x) & U(0x7f800000u)) != U(0x7f800000u); }`,

  isTrue: `
fn isTrue(x: F) -> B { return (bitcast<U>(x) << U(1u)) != U(0u); }`,

  // x - x, and x times 0 except for its sign. WGSL implementations may replace these by 0
  zeroOrNan: `
fn zeroOrNan(x: F) -> F { return select(F(notANumber()), F(0.0), isFinite(x)); }`,

  larger: `
fn larger(a: F, b: F) -> F { return select(select(max(a, b), b, isNan(b)), a, isNan(a)); }`,

  smaller: `
fn smaller(a: F, b: F) -> F { return select(select(min(a, b), b, isNan(b)), a, isNan(a)); }`,

  // a magnitude with the sign of another number (a select, since LLVM 19 miscompiles the bit masks)
  withSign: `
fn withSign(magnitude: F, sign: F) -> F { return select(magnitude, -magnitude, bitcast<I>(sign) < I(0)); }`,

  // truncates and saturates, NaN becomes 0. The largest float32 below 2^31 is 2^31 - 128
  integerOf: `
fn integerOf(x: F) -> I {
  let inside = I(clamp(x, F(-2147483648.0), F(2147483520.0)));
  return select(select(inside, I(2147483647), x >= F(2147483648.0)), I(0), isNan(x));
}`,
} as const;
