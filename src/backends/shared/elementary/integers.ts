/** Functions of int32: division truncates, `mod` has the sign of the divisor, and x / 0 = x mod 0 = 0. */
import type { Algebra, IntegerBinary } from './algebra.js';

const orOne = <F, I, B>({ int }: Algebra<F, I, B>, isZero: B, b: I): I => int.select(isZero, 1, b);

export const div: IntegerBinary = (k, a, b) => {
  const isZero = k.share(k.int.equal(b, 0));
  return k.int.where(k.not(isZero), k.int.quotient(a, orOne(k, isZero, b)));
};

export const mod: IntegerBinary = (k, a, b) => {
  const { int } = k;
  const divisor = k.share(orOne(k, int.equal(b, 0), b));
  const rest = k.share(int.sub(a, int.mul(int.quotient(a, divisor), divisor)));
  const isOther = k.differ(int.less(rest, 0), int.less(b, 0));
  return int.add(rest, int.where(k.both(k.not(int.equal(rest, 0)), isOther), b));
};

/** aᵇ by squaring; a negative power is the truncated reciprocal. */
export const pow: IntegerBinary = <F, I, B>(k: Algebra<F, I, B>, a: I, b: I): I => {
  const { int } = k;
  const isOdd = (x: I): B => int.equal(int.and(x, 1), 1);
  const [power] = k.whileAny<readonly [I, I, I]>(
    [int.constant(1), a, int.max(b, 0)],
    ([, , left]) => k.not(int.equal(left, 0)),
    ([product, base, left]) => [
      int.mul(product, int.select(isOdd(left), base, 1)),
      int.mul(base, base),
      int.shiftRight(left, 1),
    ],
  );
  const isUnit = k.either(int.equal(a, 1), int.equal(a, -1));
  const reciprocal = int.where(isUnit, int.select(isOdd(b), a, 1));
  return int.select(int.less(b, 0), reciprocal, power);
};
