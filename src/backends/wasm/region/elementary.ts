/**
 * Elementary functions on four float32 lanes. They are accurate to a few units in the last place over the whole range.
 * Results of exp below 1.7e-38 and denormal results may be 0.
 */
import { ATAN_TAIL, ERF_CENTRE, ERF_TAIL, EXP_TAIL, LN2_HIGH, LN2_LOW, LOG_TAIL } from '../../shared/polynomials.js';
import { f32x4, i32x4, v128 } from '../assembler/assembler.js';
import type { MultiplyAdd } from '../kernels/multiplyAdd.js';
import type { Statement, Vector } from './code.js';

/** Constants in all four lanes, and the multiply-add of the machine. */
export interface Constants {
  readonly float: (value: number) => Vector;
  readonly int: (value: number) => Vector;
  /** a·b + c, rounded once or twice. */
  readonly multiplyAdd: MultiplyAdd;
}

/** Constants and temporary locals, of type T, for vector code. */
export interface Tools<T extends Vector> extends Constants {
  /** Locals for intermediate values. Any code may overwrite them. */
  readonly temporaries: readonly [
    T, T, T, T, T, T, T, T,
  ]; // prettier-ignore
  readonly set: (local: T, value: Vector) => Statement;
}

/** Statements, followed by a value. Use the value at once, because it may be in temporaries. */
export interface Computed {
  readonly before: readonly Statement[];
  readonly value: Vector;
}

/** A function of a vector. Its argument must be a local that is not a temporary. */
export type Elementary = <T extends Vector>(x: Vector, tools: Tools<T>) => Computed;

/** Evaluates `c₀ + c₁x + c₂x² + …` by Horner's rule. */
const polynomial = (x: Vector, coefficients: readonly number[], { float, multiplyAdd }: Constants): Vector =>
  coefficients
    .slice(0, -1)
    .reduceRight<Vector>((sum, c) => multiplyAdd(sum, x, float(c)), float(coefficients[coefficients.length - 1]!));

/** Clamps to [low, high]. NaN stays NaN: `pmin` and `pmax` return their first operand if the comparison is false. */
const clamped = (x: Vector, low: number, high: number, { float }: Constants): Vector =>
  f32x4.pmax(f32x4.pmin(x, float(high)), float(low));

const MANTISSA_BITS = 23;
/** Adding this to a small number leaves the nearest integer in the lowest bits. */
const MAGIC = 1.5 * 2 ** MANTISSA_BITS;
const EXPONENT_OF_ONE = 127;
const EXPONENT_OF_HALF = 126;
/**
 * Splits ±x = n·ln 2 + r. Leaves n + bias in the lowest bits of t. The temporary r holds r for +x, and −r for −x.
 */
const split = <T extends Vector>(x: Vector, sign: 1 | -1, bias: number, tools: Tools<T>): readonly Statement[] => {
  const { float, multiplyAdd, temporaries: [, t, n, r] } = tools; // prettier-ignore
  return [
    tools.set(t, multiplyAdd(x, float(sign * Math.LOG2E), float(MAGIC + bias))),
    tools.set(n, f32x4.sub(t, float(MAGIC + bias))),
    tools.set(r, multiplyAdd(n, float(-sign * LN2_LOW), multiplyAdd(n, float(-sign * LN2_HIGH), x))),
  ];
};

/** Returns 2ⁿ after `split` with `EXPONENT_OF_ONE` as its bias. */
const power = ({ temporaries: [, t] }: Pick<Tools<Vector>, 'temporaries'>): Vector => i32x4.shl(t, MANTISSA_BITS);

/**
 * Computes `base` + factor·(e^±r − 1 ∓ r). It sums the terms in two independent halves: latency limits the throughput
 * more than the number of operations does.
 */
const expOfRest = <T extends Vector>(base: Vector, sign: 1 | -1, factor: number, tools: Tools<T>): Computed => {
  const { float, multiplyAdd, temporaries: [, , , r, , square] } = tools; // prettier-ignore
  const [c0, c1, c2, c3, c4] = EXP_TAIL.map((c, i) => float(factor * (i % 2 === 0 ? c : sign * c))) as [
    Vector, Vector, Vector, Vector, Vector,
  ]; // prettier-ignore
  const low = multiplyAdd(r, c1, c0);
  const high = multiplyAdd(square, c4, multiplyAdd(r, c3, c2));
  const lower = multiplyAdd(square, low, base);
  return {
    before: [tools.set(square, f32x4.mul(r, r))],
    value: multiplyAdd(f32x4.mul(square, square), high, lower),
  };
};

/** eˣ = 2eʳ·2ⁿ⁻¹, so that n = 128 does not overflow early. For n = −126 the result is 0. */
const exp: Elementary = (x, k) => {
  const [y, , , r] = k.temporaries;
  const { before, value } = expOfRest(f32x4.add(f32x4.add(r, r), k.float(2)), 1, 2, k);
  return {
    before: [k.set(y, clamped(x, -87.5, 89, k)), ...split(y, 1, EXPONENT_OF_HALF, k), ...before],
    value: f32x4.mul(value, power(k)),
  };
};

/** sigmoid(x) = 1 / (1 + e^−x). */
const sigmoid: Elementary = (x, k) => {
  const [y, , , r] = k.temporaries;
  const one = k.float(1);
  const { before, value } = expOfRest(f32x4.sub(one, r), -1, 1, k);
  return {
    before: [k.set(y, clamped(x, -89, 87.3, k)), ...split(y, -1, EXPONENT_OF_ONE, k), ...before],
    value: f32x4.div(one, k.multiplyAdd(value, power(k), one)),
  };
};

/** e^x − 1 = 2·(2ⁿ⁻¹·(eʳ − 1) + (2ⁿ⁻¹ − ½)). */
const expm1: Elementary = (x, k) => {
  const [y, , , r, s] = k.temporaries;
  const { before, value } = expOfRest(r, 1, 1, k);
  return {
    before: [
      k.set(y, clamped(x, -25, 89, k)),
      ...split(y, 1, EXPONENT_OF_HALF, k),
      ...before,
      k.set(s, power(k)),
      k.set(y, k.multiplyAdd(value, s, f32x4.sub(s, k.float(0.5)))),
    ],
    value: f32x4.add(y, y),
  };
};

/** tanh(x) = e / (e + 2) with e = e^2x − 1. */
const tanh: Elementary = (x, k) => {
  const [y, , , r, s] = k.temporaries;
  const { before, value } = expOfRest(r, 1, 1, k);
  return {
    before: [
      k.set(y, clamped(x, -10, 10, k)),
      k.set(y, f32x4.add(y, y)),
      ...split(y, 1, EXPONENT_OF_ONE, k),
      ...before,
      k.set(s, power(k)),
      k.set(y, k.multiplyAdd(value, s, f32x4.sub(s, k.float(1)))),
    ],
    value: f32x4.div(y, f32x4.add(y, k.float(2))),
  };
};

const SMALLEST_NORMAL = 1.1754943508222875e-38;
const BITS_OF_ROOT_HALF = 0x3f3504f3;

/** ln x for x = 2ⁿ·(1 + r) with 1 + r in [√½, √2): ln (1 + r) = r − r²/2 + s·(r²/2 + R(s²)), s = r / (2 + r). */
const log: Elementary = (x, k) => {
  const [y, t, n, r, s] = k.temporaries;
  const half = f32x4.mul(f32x4.mul(r, r), k.float(0.5));
  const square = f32x4.mul(s, s);
  const tail = k.multiplyAdd(n, k.float(LN2_LOW), f32x4.mul(s, k.multiplyAdd(t, polynomial(t, LOG_TAIL, k), y)));
  const special = v128.bitselect(k.float(-Infinity), f32x4.sqrt(x), f32x4.eq(x, k.float(0)));
  const regular = v128.and(f32x4.gt(x, k.float(0)), f32x4.lt(x, k.float(Infinity)));
  return {
    before: [
      k.set(s, f32x4.lt(x, k.float(SMALLEST_NORMAL))),
      k.set(y, v128.bitselect(f32x4.mul(x, k.float(2 ** MANTISSA_BITS)), x, s)),
      k.set(t, i32x4.sub(y, k.int(BITS_OF_ROOT_HALF))),
      k.set(n, i32x4.sub(i32x4.shr_s(t, MANTISSA_BITS), v128.and(s, k.int(MANTISSA_BITS)))),
      k.set(n, f32x4.convert_i32x4_s(n)),
      k.set(r, i32x4.add(v128.and(t, k.int(2 ** MANTISSA_BITS - 1)), k.int(BITS_OF_ROOT_HALF))),
      k.set(r, f32x4.sub(r, k.float(1))),
      k.set(s, f32x4.div(r, f32x4.add(r, k.float(2)))),
      k.set(y, half),
      k.set(t, square),
      k.set(y, k.multiplyAdd(n, k.float(LN2_HIGH), f32x4.add(r, f32x4.sub(tail, y)))),
    ],
    value: v128.bitselect(y, special, regular),
  };
};

/** ln (1 + x). Near 0 it sums the series of {@link log} for n = 0, as 1 + x would lose digits of x. */
const log1p: Elementary = (x, k) => {
  const [s, half, , , , , sum, far] = k.temporaries;
  const { before, value } = log(sum, k);
  const square = f32x4.mul(s, s);
  const tail = f32x4.mul(s, k.multiplyAdd(square, polynomial(square, LOG_TAIL, k), half));
  return {
    before: [
      k.set(sum, f32x4.add(x, k.float(1))),
      ...before,
      k.set(far, value),
      k.set(s, f32x4.div(x, f32x4.add(x, k.float(2)))),
      k.set(half, f32x4.mul(f32x4.mul(x, x), k.float(0.5))),
      k.set(s, f32x4.sub(x, f32x4.sub(half, tail))),
    ],
    value: v128.bitselect(s, far, v128.and(f32x4.gt(x, k.float(-0.29)), f32x4.lt(x, k.float(0.41)))),
  };
};

const SIGN_BIT = -(2 ** 31);

/** The magnitude of `size` with the sign of x. */
const withSign = (size: Vector, x: Vector, k: Constants): Vector =>
  v128.or(v128.and(size, k.int(~SIGN_BIT)), v128.and(x, k.int(SIGN_BIT)));

/** erf x: an odd polynomial for |x| ≤ 1, ±(1 − e^−q(|x|)) beyond. */
const erf: Elementary = (x, k) => {
  const [z, , , , , , size, q] = k.temporaries;
  const { before, value } = exp(q, k);
  const centre = k.multiplyAdd(x, polynomial(z, ERF_CENTRE, k), x);
  return {
    before: [
      k.set(size, f32x4.abs(x)),
      k.set(q, f32x4.min(size, k.float(3.95))),
      k.set(q, f32x4.neg(polynomial(q, ERF_TAIL, k))),
      ...before,
      k.set(q, f32x4.sub(k.float(1), value)),
      k.set(z, f32x4.min(f32x4.mul(x, x), k.float(1))),
    ],
    value: v128.bitselect(withSign(q, x, k), centre, f32x4.gt(size, k.float(1))),
  };
};

const HALF_PI = Math.fround(Math.PI / 2);

/** atan x: an odd polynomial of t = |x| for |x| ≤ 1; π/2 − atan (1/|x|) beyond. */
const atan: Elementary = (x, k) => {
  const [t, z, y, isFar] = k.temporaries;
  const series = k.multiplyAdd(f32x4.mul(t, z), polynomial(z, ATAN_TAIL, k), t);
  const rest = f32x4.add(f32x4.sub(k.float(HALF_PI), y), k.float(Math.PI / 2 - HALF_PI));
  return {
    before: [
      k.set(t, f32x4.abs(x)),
      k.set(isFar, f32x4.gt(t, k.float(1))),
      k.set(t, v128.bitselect(f32x4.div(k.float(1), t), t, isFar)),
      k.set(z, f32x4.mul(t, t)),
      k.set(y, series),
    ],
    value: withSign(v128.bitselect(rest, y, isFar), x, k),
  };
};

const sign: Elementary = (x, k) => {
  const [y] = k.temporaries;
  return {
    before: [k.set(y, v128.or(v128.and(x, k.int(-(2 ** 31))), k.float(1)))],
    // ±0 and NaN are returned unchanged
    value: v128.bitselect(y, x, v128.or(f32x4.lt(x, k.float(0)), f32x4.gt(x, k.float(0)))),
  };
};

/** Unary functions that have no single instruction. */
export const ELEMENTARY = { exp, sigmoid, expm1, tanh, log, log1p, erf, atan, sign } as const;
