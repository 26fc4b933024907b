/**
 * Scalar functions on tensors, with the semantics of `dsl/primitives/scalar.ts`. Kernels of different engines disagree about
 * NaN, 1 to an infinite power and integer division by 0, so these cases are computed without relying on the kernels.
 */
import type { BinaryFn, UnaryFn } from '../../../dsl/graph/node.js';
import type { NumberType } from '../../../dsl/graph/region.js';
import { sizeOf } from '../../../internal/numbers.js';
import { unaryFunction } from '../../../dsl/primitives/scalar.js';
import type { Tensor } from './engine.js';
import { gatherOf } from './indexing.js';
import type { Operations } from './operations.js';

/** Functions that are a single kernel on float32. */
const UNARY = {
  neg: 'Neg', abs: 'Abs', floor: 'Floor', ceil: 'Ceil', round: 'Round', exp: 'Exp', expm1: 'Expm1', log: 'Log',
  log1p: 'Log1p', sqrt: 'Sqrt', rsqrt: 'Rsqrt', reciprocal: 'Reciprocal', sin: 'Sin', cos: 'Cos', tan: 'Tan',
  tanh: 'Tanh', atan: 'Atan', sigmoid: 'Sigmoid', erf: 'Erf', not: 'LogicalNot', isFinite: 'IsFinite',
} as const satisfies Partial<Readonly<Record<UnaryFn, string>>>; // oxfmt-ignore

/** Functions that are a single kernel on every dtype that they accept. The kernels broadcast their operands. */
const PLAIN = {
  add: 'Add', sub: 'Sub', mul: 'Multiply', equal: 'Equal', less: 'Less', lessEqual: 'LessEqual',
  and: 'LogicalAnd', or: 'LogicalOr',
} as const satisfies Partial<Readonly<Record<BinaryFn, string>>>; // oxfmt-ignore

type Unary = (x: Tensor) => Tensor;
type Binary = (a: Tensor, b: Tensor) => Tensor;

/** Tests if a function is a single kernel, which broadcasts its operands. */
export const broadcasts = (fn: BinaryFn, dtype: NumberType): boolean =>
  fn in PLAIN || (fn === 'div' && dtype === 'float32');

/**
 * Decodes the upper halves of int32 numbers, by a table of all halves: the kernels have neither bits nor exact powers.
 */
const decoder = (ops: Operations, fn: 'float16' | 'bfloat16'): Unary => {
  const decode = unaryFunction(fn, 'int32');
  const table = Float32Array.from({ length: 65536 }, (_, i) => decode((i - 32768) * 65536)); // by half + 32768
  return (x) => {
    const half = ops.floorDiv(x, ops.scalar(65536, 'int32'));
    const index = ops.reshape(ops.add(half, ops.scalar(32768, 'int32')), [sizeOf(x.shape)]);
    return ops.reshape(gatherOf(ops)(ops.engine.tensor(table, [65536], 'float32'), index), x.shape);
  };
};

export const unaryOf = (ops: Operations, fn: UnaryFn, dtype: NumberType): Unary => {
  // TensorFlow's sign of NaN is 0, and tfjs's abs of int32 goes through float32
  if (fn === 'sign') {
    const sign = ops.unary('Sign');
    return dtype === 'float32' ? (x) => ops.select(ops.isNaN(x), x, sign(x)) : sign;
  }
  if (fn === 'float16' || fn === 'bfloat16') return decoder(ops, fn);
  if (fn === 'abs' && dtype === 'int32') return (x) => ops.maximum(x, ops.neg(x));
  return ops.unary(UNARY[fn]);
};

/** Maximum or minimum that returns NaN if an operand is NaN: `b` if the comparison fails and `a` is not NaN. */
const extremum =
  (ops: Operations, atLeast: Binary): Binary =>
  (a, b) =>
    ops.select(ops.or(atLeast(a, b), ops.isNaN(a)), a, b);

/** Power as in JavaScript and IEEE 754 before 2008: ±1 to an infinite or NaN power is NaN. */
const power =
  (ops: Operations): Binary =>
  (a, b) =>
    ops.replaced(
      ops.and(ops.equal(ops.abs(a), ops.scalar(1, 'float32')), ops.not(ops.isFinite(b))),
      NaN,
      ops.pow(a, b),
    );

/**
 * Remainder with the sign of the divisor. Only the remainder of magnitudes is exact on every engine, so signs are
 * applied afterwards.
 */
const remainder =
  (ops: Operations): Binary =>
  (a, b) => {
    const zero = ops.scalar(0, 'float32');
    const magnitude = ops.mod(ops.abs(a), ops.abs(b));
    const rest = ops.select(ops.less(a, zero), ops.neg(magnitude), magnitude);
    const apart = ops.or(
      ops.and(ops.less(rest, zero), ops.greater(b, zero)),
      ops.and(ops.greater(rest, zero), ops.less(b, zero)),
    );
    return ops.select(apart, ops.add(rest, b), rest);
  };

/** Replaces divisors that can raise an exception by 1: 0, and -1, because the quotient of −2³¹ overflows. */
const safeDivisor = (ops: Operations, b: Tensor): Tensor =>
  ops.replaced(ops.or(ops.equal(b, ops.scalar(0, 'int32')), ops.equal(b, ops.scalar(-1, 'int32'))), 1, b);

const integerRemainder =
  (ops: Operations): Binary =>
  (a, b) =>
    ops.mod(a, safeDivisor(ops, b)); // the remainder by 1 is 0, as it must be for 0 and -1

/** Truncated quotient: the floor, plus 1 if it is negative and inexact. */
const integerQuotient =
  (ops: Operations): Binary =>
  (a, b) => {
    const zero = ops.scalar(0, 'int32');
    const divisor = safeDivisor(ops, b);
    const floor = ops.floorDiv(a, divisor);
    const exact = ops.equal(ops.mul(floor, divisor), a);
    const up = ops.cast(ops.and(ops.less(floor, zero), ops.not(exact)), 'int32');
    const quotient = ops.add(floor, up);
    const byMinusOne = ops.select(ops.equal(b, ops.scalar(-1, 'int32')), ops.neg(a), quotient);
    return ops.replaced(ops.equal(b, zero), 0, byMinusOne);
  };

/** Integer power. A negative power is the truncated reciprocal: ±1 for a base of ±1, otherwise 0. */
const integerPower =
  (ops: Operations): Binary =>
  (a, b) => {
    const negative = ops.less(b, ops.scalar(0, 'int32'));
    const unit = ops.equal(ops.maximum(a, ops.neg(a)), ops.scalar(1, 'int32'));
    const base = ops.replaced(ops.and(negative, ops.not(unit)), 0, a);
    const parity = ops.mod(b, ops.scalar(2, 'int32'));
    // 1 or 2, not 0, because 0 to the power 0 is 1
    const exponent = ops.select(negative, ops.sub(ops.full(2, b.shape, 'int32'), parity), b);
    return ops.pow(base, exponent);
  };

export const binaryOf = (ops: Operations, fn: BinaryFn, dtype: NumberType): Binary => {
  const isInteger = dtype === 'int32';
  switch (fn) {
    case 'div':
      return isInteger ? integerQuotient(ops) : ops.binary('RealDiv');
    case 'mod':
      return isInteger ? integerRemainder(ops) : remainder(ops);
    case 'pow':
      return isInteger ? integerPower(ops) : power(ops);
    case 'max':
      return isInteger ? ops.maximum : extremum(ops, ops.greaterEqual);
    case 'min':
      return isInteger ? ops.minimum : extremum(ops, ops.lessEqual);
    default:
      return ops.binary(PLAIN[fn]);
  }
};

const TOP = 2147483648;

/**
 * Casts float32 to int32: truncates, saturates, and maps NaN to 0. Kernels have no defined result for values out of
 * range.
 */
const truncated =
  (ops: Operations): Unary =>
  (x) => {
    const [top, bottom] = [ops.scalar(TOP, 'float32'), ops.scalar(-TOP, 'float32')];
    const inRange = ops.less(ops.abs(x), top);
    const whole = ops.cast(ops.replaced(ops.not(inRange), 0, x), 'int32');
    const below = ops.replaced(ops.lessEqual(x, bottom), -TOP, whole);
    return ops.replaced(ops.greaterEqual(x, top), TOP - 1, below);
  };

export const castOf = (ops: Operations, from: NumberType, to: NumberType): Unary => {
  if (to === 'bool') return from === 'bool' ? (x) => x : (x) => ops.not(ops.equal(x, ops.scalar(0, from))); // NaN too
  return from === 'float32' && to === 'int32' ? truncated(ops) : (x) => ops.cast(x, to);
};
