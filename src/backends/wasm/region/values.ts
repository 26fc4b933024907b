/**
 * Code for one assignment on four lanes. A bool is a mask in registers (all ones or all zeros in each lane), and 0 or 1
 * in memory.
 */
import { unaryFunction, binaryFunction } from '../../shared/scalar.js';
import type { Assignment, NumberType } from '../../../dsl/graph/region.js';
import { f32x4, i32x4, v128 } from '../assembler/assembler.js';
import type { Expr, Lane } from '../assembler/assembler.js';
import { callOf, type Vector } from './code.js';
import { type Computed, type Elementary, ELEMENTARY } from './elementary.js';
import type { Toolbox } from './tools.js';

/** A function of the host, called for each lane. */
export interface HostFunction {
  readonly name: string;
  readonly type: 'f32' | 'i32';
  readonly arity: 1 | 2;
  readonly call: (...args: readonly number[]) => number;
}

export type Arithmetic = Exclude<Assignment, { op: 'load' | 'constant' | 'index' }>;

const computed = (value: Vector): Computed => ({ before: [], value });

/** Converts a mask to numbers of a dtype: 1 where it is set, otherwise 0. For bool, it stays a mask. */
const maskToNumbers = (mask: Vector, dtype: NumberType, { float, int }: Toolbox): Vector =>
  dtype === 'bool' ? mask : v128.and(mask, dtype === 'float32' ? float(1) : int(1));

/** Converts a register value to its form in memory, where a bool is 0 or 1. */
export const toMemory = (value: Vector, dtype: NumberType, tools: Toolbox): Vector =>
  dtype === 'bool' ? maskToNumbers(value, 'int32', tools) : value;

/** Converts a loaded value to its form in registers, where a bool is a mask. */
export const fromMemory = (value: Vector, dtype: NumberType): Vector => (dtype === 'bool' ? i32x4.neg(value) : value);

const isElementary = (fn: string): fn is keyof typeof ELEMENTARY => Object.hasOwn(ELEMENTARY, fn);

/** The multi-statement implementation of an assignment, or null. Its operand must be cheap to repeat. */
export const elementaryOf = (a: Arithmetic, from: NumberType): Elementary | null =>
  a.op === 'unary' && from === 'float32' && isElementary(a.fn) ? ELEMENTARY[a.fn] : null;

type UnaryRule = (x: Vector, k: Toolbox) => Vector;
type BinaryRule = (a: Vector, b: Vector) => Vector;

const FLOAT_UNARY: Readonly<Record<string, UnaryRule>> = {
  neg: f32x4.neg,
  abs: f32x4.abs,
  floor: f32x4.floor,
  ceil: f32x4.ceil,
  round: f32x4.nearest,
  sqrt: f32x4.sqrt,
  rsqrt: (x, { float }) => f32x4.div(float(1), f32x4.sqrt(x)),
  reciprocal: (x, { float }) => f32x4.div(float(1), x),
};
const unchanged: UnaryRule = (x) => x;
const INTEGER_UNARY: Readonly<Record<string, UnaryRule>> = {
  neg: i32x4.neg,
  abs: i32x4.abs,
  sign: (x, { int }) => i32x4.max_s(i32x4.min_s(x, int(1)), int(-1)),
  floor: unchanged,
  ceil: unchanged,
  round: unchanged,
};
const FLOAT_BINARY: Readonly<Record<string, BinaryRule>> = {
  add: f32x4.add,
  sub: f32x4.sub,
  mul: f32x4.mul,
  div: f32x4.div,
  max: f32x4.max,
  min: f32x4.min,
};
const INTEGER_BINARY: Readonly<Record<string, BinaryRule>> = {
  add: i32x4.add,
  sub: i32x4.sub,
  mul: i32x4.mul,
  max: i32x4.max_s,
  min: i32x4.min_s,
  and: v128.and,
  or: v128.or,
};
const FLOAT_COMPARE: Readonly<Record<string, BinaryRule>> = {
  equal: f32x4.eq,
  less: f32x4.lt,
  lessEqual: f32x4.le,
};
const INTEGER_COMPARE: Readonly<Record<string, BinaryRule>> = {
  equal: i32x4.eq,
  less: i32x4.lt_s,
  lessEqual: i32x4.le_s,
};

/** Vector instruction of a binary function on a dtype; null if there is none. */
export const combine = (fn: string, dtype: NumberType): BinaryRule | null =>
  (dtype === 'float32' ? FLOAT_BINARY : INTEGER_BINARY)[fn] ?? null;

const unary = (fn: string, from: NumberType, to: NumberType, x: Vector, k: Toolbox): Vector | null => {
  const isFloat = from === 'float32';
  if (fn === 'not') return maskToNumbers(isFloat ? f32x4.eq(x, k.float(0)) : i32x4.eq(x, k.int(0)), to, k);
  if (fn === 'isFinite') return maskToNumbers(isFloat ? f32x4.lt(f32x4.abs(x), k.float(Infinity)) : k.int(-1), to, k);
  const rule = (isFloat ? FLOAT_UNARY : INTEGER_UNARY)[fn];
  return rule === undefined ? null : rule(x, k);
};

const binary = (fn: string, from: NumberType, to: NumberType, a: Vector, b: Vector, k: Toolbox): Vector | null => {
  const compare = (from === 'float32' ? FLOAT_COMPARE : INTEGER_COMPARE)[fn];
  if (compare !== undefined) {
    // swaps the operands of an order: as integers, true (-1) is less than false (0)
    const swapped = from === 'bool' && fn !== 'equal';
    return maskToNumbers(swapped ? compare(b, a) : compare(a, b), to, k);
  }
  if (from === 'bool' && fn !== 'and' && fn !== 'or') {
    const rule = combine(fn, 'int32');
    const [p, q] = [maskToNumbers(a, 'int32', k), maskToNumbers(b, 'int32', k)];
    return rule === null ? null : to === 'bool' ? i32x4.ne(rule(p, q), k.int(0)) : rule(p, q);
  }
  return combine(fn, from)?.(a, b) ?? null;
};

const cast = (from: NumberType, to: NumberType, x: Vector, k: Toolbox): Vector => {
  if (from === to) return x;
  if (from === 'bool') return maskToNumbers(x, to, k);
  if (to === 'bool') return from === 'float32' ? f32x4.ne(x, k.float(0)) : i32x4.ne(x, k.int(0));
  return to === 'int32' ? i32x4.trunc_sat_f32x4_s(x) : f32x4.convert_i32x4_s(x);
};

/** Host function that computes an assignment lane by lane; null if there are instructions for it. */
export const hostFunctionOf = (a: Arithmetic, from: NumberType): HostFunction | null => {
  if (a.op !== 'unary' && a.op !== 'binary') return null;
  const type = from === 'float32' ? 'f32' : 'i32';
  const name = `${a.fn}_${from}`;
  if (a.op === 'unary') {
    const known = (from === 'float32' ? FLOAT_UNARY : INTEGER_UNARY)[a.fn] !== undefined;
    if (known || elementaryOf(a, from) !== null || a.fn === 'not' || a.fn === 'isFinite') return null;
    const f = unaryFunction(a.fn, from);
    return { name, type, arity: 1, call: (x) => f(x!) };
  }
  const isLogical = a.fn === 'and' || a.fn === 'or';
  const compares = a.fn === 'equal' || a.fn === 'less' || a.fn === 'lessEqual';
  if (compares || (from === 'bool' && isLogical) || combine(a.fn, from) !== null) return null;
  const f = binaryFunction(a.fn, from);
  return { name, type, arity: 2, call: (p, q) => f(p!, q!) };
};

/** Calls the imported function `index` for the first `lanes` lanes. The operands must be cheap to repeat. */
export const hostCall = (
  index: number,
  type: HostFunction['type'],
  operands: readonly Vector[],
  lanes: number,
): Vector => {
  const float = (lane: Lane): Expr<'f32'> => callOf(index, 'f32', operands.map((x) => f32x4.extract_lane(lane, x))); // prettier-ignore
  const int = (lane: Lane): Expr<'i32'> => callOf(index, 'i32', operands.map((x) => i32x4.extract_lane(lane, x))); // prettier-ignore
  return ([1, 2, 3] as const)
    .filter((lane) => lane < lanes)
    .reduce<Vector>(
      (vector, lane) =>
        type === 'f32' ? f32x4.replace_lane(lane, vector, float(lane)) : i32x4.replace_lane(lane, vector, int(lane)),
      type === 'f32' ? f32x4.splat(float(0)) : i32x4.splat(int(0)),
    );
};

/** Computes an assignment that has instructions, from its operands' values and dtypes. */
export const valueOf = (
  a: Arithmetic,
  operands: readonly Vector[],
  types: readonly NumberType[],
  tools: Toolbox,
): Computed => {
  // the cast is safe: an assignment has at most three operands, and each rule uses those it has
  const [x, y, z] = operands as [Vector, Vector, Vector];
  const from = types[0]!;
  const elementary = elementaryOf(a, from);
  if (elementary !== null) return elementary(x, tools);
  const value = ((): Vector | null => {
    switch (a.op) {
      case 'unary':
        return unary(a.fn, from, a.dtype, x, tools);
      case 'binary':
        return binary(a.fn, from, a.dtype, x, y, tools);
      case 'select':
        return v128.bitselect(y, z, cast(from, 'bool', x, tools));
      case 'cast':
        return cast(from, a.dtype, x, tools);
    }
  })();
  if (value === null) throw new Error(`noisefold: WebAssembly has no instructions for ${JSON.stringify(a)}`);
  return computed(value);
};
