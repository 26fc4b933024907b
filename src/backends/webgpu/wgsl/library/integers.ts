/**
 * int32 functions as defined in `scalar.ts`: division truncates, `mod` has the sign of the divisor, x / 0 = x mod 0 =
 * 0.
 */
export const INTEGERS = {
  quotient: `
fn quotient(a: I, b: I) -> I {
  let isZero = b == I(0);
  return select(a / select(b, I(1), isZero), I(0), isZero);
}`,

  floorModInteger: `
fn floorModInteger(a: I, b: I) -> I {
  let rest = a % select(b, I(1), b == I(0));
  return select(rest, rest + b, (rest != I(0)) & ((rest < I(0)) != (b < I(0))));
}`,

  // wraps around; a negative power is the truncated reciprocal
  integerPower: `
fn integerPower(a: I, b: I) -> I {
  var result = I(1);
  var base = a;
  var left = max(b, I(0));
  for (var bit = 0; bit < 31 && any(left != I(0)); bit++) {
    result = select(result, result * base, (left & I(1)) == I(1));
    base = base * base;
    left = left >> U(1u);
  }
  let alternating = select(I(1), I(-1), (b & I(1)) == I(1));
  let reciprocal = select(select(I(0), alternating, a == I(-1)), I(1), a == I(1));
  return select(result, reciprocal, b < I(0));
}`,
} as const;
