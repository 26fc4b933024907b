/**
 * Code for one assignment on four lanes. A bool is a mask in registers (all ones or all zeros in each lane), and 0 or 1
 * in memory.
 */
import type { BinaryFn, ReduceFn, UnaryFn } from '../../../dsl/graph/node.js';
import type { Assignment, NumberType } from '../../../dsl/graph/region.js';
import type { BinaryFnOf, UnaryFnOf } from '../../../dsl/primitives/elementwise.js';
import type { Algebra } from '../../shared/elementary/algebra.js';
import {
  binaryFormulas,
  integerFormulas,
  integerUnaryFormulas,
  type SimpleBinary,
  type SimpleIntegerUnary,
  type SimpleUnary,
  unaryFormulas,
} from '../../shared/elementary/functions.js';
import { COMBINE } from '../../shared/reductions.js';
import { f32x4, i32x4, v128 } from '../assembler/assembler.js';
import { type Computed, computedBy } from './algebra.js';
import { addInts, type Vector } from './code.js';
import type { Toolbox } from './tools.js';

export type Arithmetic = Exclude<Assignment, { op: 'load' | 'constant' | 'index' }>;

/** Converts a mask to numbers of a dtype: 1 where it is set, otherwise 0. For bool, it stays a mask. */
const maskToNumbers = (mask: Vector, dtype: NumberType, { float, int }: Toolbox): Vector =>
  dtype === 'bool' ? mask : v128.and(mask, dtype === 'float32' ? float(1) : int(1));

/** Converts a register value to its form in memory, where a bool is 0 or 1. */
export const toMemory = (value: Vector, dtype: NumberType, tools: Toolbox): Vector =>
  dtype === 'bool' ? maskToNumbers(value, 'int32', tools) : value;

/** Converts a loaded value to its form in registers, where a bool is a mask. */
export const fromMemory = (value: Vector, dtype: NumberType): Vector => (dtype === 'bool' ? i32x4.neg(value) : value);

type UnaryRule = (x: Vector, k: Toolbox) => Vector;
type BinaryRule = (a: Vector, b: Vector) => Vector;

/** Simple functions, by the dtype of their operands. */
const SIMPLE_UNARY: {
  readonly float32: { readonly [F in SimpleUnary]: UnaryRule };
  readonly int32: { readonly [F in SimpleIntegerUnary]: UnaryRule };
  readonly bool: { readonly [F in UnaryFnOf<'bool'>]: UnaryRule };
} = {
  float32: {
    neg: f32x4.neg,
    abs: f32x4.abs,
    floor: f32x4.floor,
    ceil: f32x4.ceil,
    round: f32x4.nearest,
    sqrt: f32x4.sqrt,
    rsqrt: (x, { float }) => f32x4.div(float(1), f32x4.sqrt(x)),
    reciprocal: (x, { float }) => f32x4.div(float(1), x),
    isFinite: (x, { float }) => f32x4.lt(f32x4.abs(x), float(Infinity)),
  },
  int32: {
    neg: i32x4.neg,
    abs: i32x4.abs,
    sign: (x, { int }) => i32x4.max_s(i32x4.min_s(x, int(1)), int(-1)),
  },
  bool: { not: v128.not },
};
const SIMPLE_BINARY: {
  readonly float32: { readonly [F in SimpleBinary | 'div']: BinaryRule };
  readonly int32: { readonly [F in SimpleBinary]: BinaryRule };
  readonly bool: { readonly [F in BinaryFnOf<'bool'>]: BinaryRule };
} = {
  float32: {
    add: f32x4.add,
    sub: f32x4.sub,
    mul: f32x4.mul,
    div: f32x4.div,
    max: f32x4.max,
    min: f32x4.min,
    equal: f32x4.eq,
    less: f32x4.lt,
    lessEqual: f32x4.le,
  },
  int32: {
    add: addInts,
    sub: i32x4.sub,
    mul: i32x4.mul,
    max: i32x4.max_s,
    min: i32x4.min_s,
    equal: i32x4.eq,
    less: i32x4.lt_s,
    lessEqual: i32x4.le_s,
  },
  bool: { and: v128.and, or: v128.or, equal: i32x4.eq },
};

/** The instruction that combines the values of a reduction. */
export const combine = (fn: ReduceFn, dtype: 'float32' | 'int32'): BinaryRule => SIMPLE_BINARY[dtype][COMBINE[fn]];

const simpleUnary = (fn: UnaryFn, from: NumberType): UnaryRule | undefined => {
  const rules: { readonly [F in UnaryFn]?: UnaryRule } = SIMPLE_UNARY[from];
  return rules[fn];
};
const simpleBinary = (fn: BinaryFn, from: NumberType): BinaryRule | undefined => {
  const rules: { readonly [F in BinaryFn]?: BinaryRule } = SIMPLE_BINARY[from];
  return rules[fn];
};

const cast = (from: NumberType, to: NumberType, x: Vector, k: Toolbox): Vector => {
  if (from === to) return x;
  if (from === 'bool') return maskToNumbers(x, to, k);
  if (to === 'bool') return from === 'float32' ? f32x4.ne(x, k.float(0)) : i32x4.ne(x, k.int(0));
  return to === 'int32' ? i32x4.trunc_sat_f32x4_s(x) : f32x4.convert_i32x4_s(x);
};

type Formula = (k: Algebra<Vector, Vector, Vector>, x: Vector, y: Vector) => Vector;

/** The formulas of functions that are not simple. */
const FLOAT_UNARY: { readonly [F in UnaryFn]?: Formula } = unaryFormulas;
const INTEGER_UNARY: { readonly [F in UnaryFn]?: Formula } = integerUnaryFormulas;
const FLOAT_BINARY: { readonly [F in BinaryFn]?: Formula } = binaryFormulas;
const INTEGER_BINARY: { readonly [F in BinaryFn]?: Formula } = integerFormulas;

/** The formula of an assignment; null if it has none. A formula repeats its operands. */
export const formulaOf = (a: Assignment, from: NumberType): Formula | null => {
  if ((a.op !== 'unary' && a.op !== 'binary') || from === 'bool') return null;
  if (a.op === 'unary') return (from === 'float32' ? FLOAT_UNARY : INTEGER_UNARY)[a.fn] ?? null;
  return (from === 'float32' ? FLOAT_BINARY : INTEGER_BINARY)[a.fn] ?? null;
};

/** Computes an assignment that has no formula; undefined if there is no instruction for it. */
const simple = (
  a: Arithmetic,
  [x, y, z]: readonly [Vector, Vector, Vector],
  from: NumberType,
  tools: Toolbox,
): Vector | undefined => {
  switch (a.op) {
    case 'unary':
      return simpleUnary(a.fn, from)?.(x, tools);
    case 'binary':
      return simpleBinary(a.fn, from)?.(x, y);
    case 'select':
      return v128.bitselect(y, z, cast(from, 'bool', x, tools));
    case 'cast':
      return cast(from, a.dtype, x, tools);
  }
};

/** Computes an assignment from its operands' values and dtypes. The operands of a formula must be locals. */
export const valueOf = (
  a: Arithmetic,
  operands: readonly Vector[],
  types: readonly NumberType[],
  tools: Toolbox,
): Computed => {
  // the cast is safe: an assignment has at most three operands, and each rule uses those it has
  const all = operands as [Vector, Vector, Vector];
  const [x, y] = all;
  const from = types[0]!;
  const formula = formulaOf(a, from);
  if (formula !== null) return computedBy(tools, (k) => formula(k, x, y));
  const value = simple(a, all, from, tools);
  if (value === undefined) throw new Error(`noisefold: no WebAssembly for ${JSON.stringify(a)} of ${from}`);
  return { before: [], value };
};
