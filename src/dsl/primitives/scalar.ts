/**
 * The definition of every scalar function. The reference backend calls these functions, JavaScript regions call or
 * inline them, and the WebAssembly and WGSL kernels are tested against them.
 *
 * int32 arithmetic wraps around. Integer division truncates toward zero, as in C, and x / 0 = 0. `mod` has the sign of
 * the divisor, and x mod 0 = 0. `max` and `min` return NaN if an operand is NaN. `round` rounds halves to even.
 * Comparisons with NaN are false. Bools are 0 and 1.
 */
import { power } from '../../internal/numerics/power.js';
import type { BinaryFn, Node, UnaryFn } from '../graph/node.js';
import type { NumberType } from '../graph/region.js';
import { castFunction } from './casts.js';
import { erf } from './erf.js';

export type Unary = (x: number) => number;
export type Binary = (a: number, b: number) => number;

const floorMod: Binary = (a, b) => {
  const remainder = a % b;
  return remainder !== 0 && remainder < 0 !== b < 0 ? remainder + b : remainder;
};

/** Rounds to the nearest integer, halves to even. */
const round: Unary = (x) => {
  const up = Math.round(x);
  return Math.abs(x % 1) === 0.5 && up % 2 !== 0 ? up - 1 : up;
};

/** Computes aᵇ with wrap-around. A negative power is the truncated reciprocal. */
const integerPower: Binary = (a, b) => {
  if (b < 0) return a === 1 ? 1 : a === -1 ? (b % 2 === 0 ? 1 : -1) : 0;
  let result = 1;
  for (let base = a, left = b; left > 0; left >>>= 1, base = Math.imul(base, base))
    if (left & 1) result = Math.imul(result, base);
  return result;
};

/** Decodes the upper half of an int32 as a float with some bits of exponent. */
const decoded =
  (exponentBits: number): Unary =>
  (word) => {
    const scale = 2 ** (15 - exponentBits); // of the fraction
    const bias = 2 ** (exponentBits - 1) - 1;
    const half = word >>> 16;
    const [sign, magnitude] = [half < 0x8000 ? 1 : -1, half & 0x7fff];
    const [exponent, fraction] = [Math.floor(magnitude / scale), (magnitude % scale) / scale];
    if (exponent > 2 * bias) return fraction === 0 ? sign * Infinity : NaN;
    return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
  };

const floatUnary: Readonly<Record<UnaryFn, Unary>> = {
  neg: (x) => -x,
  abs: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  ceil: Math.ceil,
  round,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  reciprocal: (x) => 1 / x,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  tanh: Math.tanh,
  atan: Math.atan,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  erf,
  not: (x) => (x === 0 ? 1 : 0),
  isFinite: (x) => (Number.isFinite(x) ? 1 : 0),
  float16: decoded(5),
  bfloat16: decoded(8),
};

const floatBinary: Readonly<Record<BinaryFn, Binary>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: power,
  mod: floorMod,
  max: Math.max,
  min: Math.min,
  equal: (a, b) => (a === b ? 1 : 0),
  less: (a, b) => (a < b ? 1 : 0),
  lessEqual: (a, b) => (a <= b ? 1 : 0),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
};

const integerUnary: Readonly<Record<UnaryFn, Unary>> = {
  ...floatUnary,
  neg: (x) => -x | 0,
  abs: (x) => Math.abs(x) | 0,
};

const integerBinary: Readonly<Record<BinaryFn, Binary>> = {
  ...floatBinary,
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: Math.imul,
  div: (a, b) => (a / b) | 0,
  pow: integerPower,
  mod: (a, b) => floorMod(a, b) | 0,
};

/** Returns a unary function; `dtype` is that of its operand. */
export const unaryFunction = (fn: UnaryFn, dtype: NumberType): Unary =>
  (dtype === 'float32' ? floatUnary : integerUnary)[fn];

/** Returns a binary function; `dtype` is that of its operands. */
export const binaryFunction = (fn: BinaryFn, dtype: NumberType): Binary =>
  (dtype === 'float32' ? floatBinary : integerBinary)[fn];

/** The number of a node from those of its operands, if it is computed element by element; otherwise undefined. */
export const elementFunction = (n: Node): ((...operands: readonly number[]) => number) | undefined => {
  const dtype = n.inputs[0]?.dtype as NumberType; // operands of such a node are never keys
  if (n.op === 'constant' && n.attributes.data.length === 1) return () => n.attributes.data[0] ?? NaN;
  if (n.op === 'unary') return unaryFunction(n.attributes.fn, dtype) as (...operands: readonly number[]) => number; // one
  if (n.op === 'binary') return binaryFunction(n.attributes.fn, dtype) as (...operands: readonly number[]) => number; // two
  if (n.op === 'select') return (condition = 0, onTrue = 0, onFalse = 0) => (condition === 0 ? onFalse : onTrue);
  if (n.op === 'cast') return castFunction(dtype, n.dtype as NumberType) as (...operands: readonly number[]) => number; // one
  return n.op === 'reshape' || n.op === 'broadcast' || n.op === 'stopGradient' ? (x = 0) => x : undefined;
};
