/**
 * The operations from which elementary functions are made. A function is written once, over any algebra; a backend that
 * implements the algebra renders its code (Carette, Kiselyov and Shan, "Finally tagless, partially evaluated", 2009).
 *
 * Values are vectors: F of float32, I of int32, B of bools. A number stands for a constant vector. An operation is an
 * expression that is computed at each use of its result, so a result with two uses must be shared.
 *
 * A machine may round a product and a sum together, flush denormal numbers to 0, and assume that NaN and infinities do
 * not occur. So a function classifies its operands by their bits, and does not depend on a comparison with NaN. A
 * function of one operand may ignore NaN: every backend returns NaN for it.
 */
export interface Algebra<F, I, B> {
  readonly add: (a: F | number, b: F | number) => F;
  readonly sub: (a: F | number, b: F | number) => F;
  readonly mul: (a: F | number, b: F | number) => F;
  readonly div: (a: F | number, b: F | number) => F;
  readonly min: (a: F | number, b: F | number) => F;
  readonly neg: (x: F) => F;
  readonly abs: (x: F) => F;
  readonly trunc: (x: F) => F;
  /** a·b + c, rounded once or twice. */
  readonly multiplyAdd: (a: F | number, b: F | number, c: F | number) => F;
  /** a·b in two parts, with at least 36 bits. */
  readonly product: (a: F, b: F | number) => Two<F>;
  /** a + b in two parts, for a whole number a of at most 8 bits, and |b| ≤ 1. */
  readonly sum: (a: F, b: Two<F>) => Two<F>;
  /** Limits x to the range between two numbers. NaN stays NaN if the machine supports NaN. */
  readonly clamp: (x: F, low: number, high: number) => F;
  /** The whole number n nearest to x·factor, also as an integer whose lowest 22 bits are those of n + bias. */
  readonly nearest: (x: F, factor: number, bias: number) => Nearest<F, I>;
  /** The nearest integer of a number whose magnitude is below 2²². */
  readonly nearestInteger: (x: F) => I;
  /**
   * x − n·p₀ − n·p₁ − …, in this order, for a whole number n of at most 13 bits. The parts are those of one constant;
   * if p₀ is short, its product is exact.
   */
  readonly minusMultiples: (x: F, n: F, parts: readonly number[]) => F;
  /** The magnitude of a number with the sign of another. */
  readonly withSign: (magnitude: F | number, sign: F) => F;
  readonly less: (a: F | number, b: F | number) => B;
  readonly equal: (a: F | number, b: F | number) => B;
  readonly isNan: (x: F) => B;
  readonly isFinite: (x: F) => B;
  readonly select: (condition: B, then: F | number, otherwise: F | number) => F;
  readonly bitsOf: (x: F) => I;
  readonly fromBits: (bits: I) => F;

  readonly int: Integers<F, I, B>;

  readonly both: (a: B, b: B) => B;
  readonly either: (a: B, b: B) => B;
  readonly differ: (a: B, b: B) => B;
  readonly not: (a: B) => B;

  /** Computes a value once, at this place. */
  readonly share: <T extends F | I | B>(value: T) => T;
  /** Replaces the usual values where a condition holds. The replacements are computed if it holds in any lane. */
  readonly rarely: <T extends readonly [F | I, ...(F | I)[]]>(condition: B, usual: T, otherwise: () => T) => T;
  /** Repeats a step, on all lanes, while the test holds in any lane. Steps must not change lanes for which it fails. */
  readonly whileAny: <T extends readonly [I, ...I[]]>(start: T, test: (state: T) => B, step: (state: T) => T) => T;
}

/** Arithmetic of int32. It wraps around. */
interface Integers<F, I, B> {
  readonly constant: (value: number) => I;
  readonly add: (a: I | number, b: I | number) => I;
  readonly sub: (a: I | number, b: I | number) => I;
  readonly mul: (a: I | number, b: I | number) => I;
  readonly min: (a: I | number, b: I | number) => I;
  readonly max: (a: I | number, b: I | number) => I;
  readonly and: (a: I | number, b: I | number) => I;
  readonly or: (a: I | number, b: I | number) => I;
  readonly shiftLeft: (a: I, bits: number) => I;
  /** Shifts copies of the sign in. */
  readonly shiftRight: (a: I, bits: number) => I;
  /** 2ⁿ for n from 0 to 31. */
  readonly powerOfTwo: (n: I) => I;
  /** The upper 32 bits of the product of two unsigned numbers. */
  readonly mulHigh: (a: I, b: I) => I;
  /** a / b, truncated, for b ≠ 0. */
  readonly quotient: (a: I, b: I) => I;
  readonly less: (a: I | number, b: I | number) => B;
  readonly lessUnsigned: (a: I, b: I) => B;
  readonly equal: (a: I | number, b: I | number) => B;
  readonly select: (condition: B, then: I | number, otherwise: I | number) => I;
  /** A value where a condition holds, 0 elsewhere. */
  readonly where: (condition: B, value: I | number) => I;
  /** The words of a table of eight; any number for other indices. */
  readonly lookUp: (table: Eight, index: I) => I;
  readonly toFloat: (a: I) => F;
}

type Eight = readonly [number, number, number, number, number, number, number, number];

/** A number as the sum of two, the second of which is smaller. */
export interface Two<F> {
  readonly high: F;
  readonly low: F;
}

interface Nearest<F, I> {
  readonly n: F;
  readonly bits: I;
}

/** A function of one number. */
export type Unary = <F, I, B>(k: Algebra<F, I, B>, x: F) => F;
/** A function of two numbers. */
export type Binary = <F, I, B>(k: Algebra<F, I, B>, a: F, b: F) => F;
/** A function of one integer, whose result is a float32. */
export type IntegerUnary = <F, I, B>(k: Algebra<F, I, B>, a: I) => F;
/** A function of two integers. */
export type IntegerBinary = <F, I, B>(k: Algebra<F, I, B>, a: I, b: I) => I;

/** Evaluates `c₀ + c₁x + c₂x² + …` by Horner's rule. There are at least two coefficients. */
export const polynomial = <F, I, B>(k: Algebra<F, I, B>, x: F, coefficients: readonly number[]): F =>
  coefficients
    .slice(0, -2)
    .reduceRight<F>((sum, c) => k.multiplyAdd(sum, x, c), k.multiplyAdd(coefficients.at(-1)!, x, coefficients.at(-2)!));

/** The number of bits after the leading one. */
export const MANTISSA_BITS = 23;
export const EXPONENT_OF_ONE = 127;
export const INFINITY_BITS = 0x7f800000;
export const SIGN_BIT = -(2 ** 31);

/** False for the bits of positive finite numbers. */
export const isUnusual = <F, I, B>({ int, either }: Algebra<F, I, B>, bits: I): B =>
  either(int.less(bits, 1), int.less(INFINITY_BITS - 1, bits));

/** 2ⁿ for n from −126 to 127; 0 for −127, ∞ for 128. */
export const powerOfTwo = <F, I, B>(k: Algebra<F, I, B>, n: I): F =>
  k.fromBits(k.int.shiftLeft(k.int.add(n, EXPONENT_OF_ONE), MANTISSA_BITS));

/** A positive number as a normal one times 2^−exponent: a denormal number is its bits times 2^−149. */
export const normalized = <F, I, B>(k: Algebra<F, I, B>, bits: I): { readonly bits: I; readonly exponent: I } => {
  const isDenormal = k.share(k.int.less(bits, 2 ** MANTISSA_BITS));
  return {
    bits: k.share(k.int.select(isDenormal, k.bitsOf(k.int.toFloat(bits)), bits)),
    exponent: k.int.where(isDenormal, 149),
  };
};
