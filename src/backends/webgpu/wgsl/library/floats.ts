/**
 * What float32 is by its bits. An implementation of WGSL may assume that nothing is NaN or infinite, so
 * that `x != x` may be taken for false: the tests here are made on integers.
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

  // x - x, and x times 0 but for its sign: what an implementation may take for 0
  vanished: `
fn vanished(x: F) -> F { return select(F(notANumber()), F(0.0), isFinite(x)); }`,

  larger: `
fn larger(a: F, b: F) -> F { return select(select(max(a, b), b, isNan(b)), a, isNan(a)); }`,

  smaller: `
fn smaller(a: F, b: F) -> F { return select(select(min(a, b), b, isNan(b)), a, isNan(a)); }`,

  signOf: `
fn signOf(x: F) -> F {
  return select(select(F(-1.0), F(1.0), x > F(0.0)), x, (x == F(0.0)) | isNan(x));
}`,

  // a magnitude with the sign of another number (not by its bits: LLVM 19 makes other masks of them)
  withSign: `
fn withSign(magnitude: F, sign: F) -> F { return select(magnitude, -magnitude, bitcast<I>(sign) < I(0)); }`,

  // truncated, saturated, NaN to 0; the largest float32 below 2^31 is 2^31 - 128
  integerOf: `
fn integerOf(x: F) -> I {
  let inside = I(clamp(x, F(-2147483648.0), F(2147483520.0)));
  return select(select(inside, I(2147483647), x >= F(2147483648.0)), I(0), isNan(x));
}`,
} as const;
