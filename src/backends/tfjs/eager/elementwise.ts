/**
 * Scalar functions on tensors, as `shared/scalar.ts` says what they mean. Kernels differ in what they make of
 * NaN, of 1 to an infinite power, of a division of whole numbers by 0: what is not the same of all is asked of none.
 */
import type { BinaryFn, UnaryFn } from '../../../dsl/node.js';
import type { NumberType } from '../../../dsl/region.js';
import type { Tensor } from './engine.js';
import type { Operations } from './operations.js';

/** Functions that are one kernel on float32. */
const UNARY = {
  neg: 'Neg', abs: 'Abs', floor: 'Floor', ceil: 'Ceil', round: 'Round', exp: 'Exp', expm1: 'Expm1', log: 'Log',
  log1p: 'Log1p', sqrt: 'Sqrt', rsqrt: 'Rsqrt', reciprocal: 'Reciprocal', sin: 'Sin', cos: 'Cos', tan: 'Tan',
  tanh: 'Tanh', atan: 'Atan', sigmoid: 'Sigmoid', erf: 'Erf', not: 'LogicalNot', isFinite: 'IsFinite',
} as const satisfies Partial<Readonly<Record<UnaryFn, string>>>; // prettier-ignore

/** Functions that are one kernel on all dtypes that they take, and broadcast. */
const PLAIN = {
  add: 'Add', sub: 'Sub', mul: 'Multiply', equal: 'Equal', less: 'Less', lessEqual: 'LessEqual',
  and: 'LogicalAnd', or: 'LogicalOr',
} as const satisfies Partial<Readonly<Record<BinaryFn, string>>>; // prettier-ignore

type Unary = (x: Tensor) => Tensor;
type Binary = (a: Tensor, b: Tensor) => Tensor;

/** Whether a function is one kernel, which broadcasts its operands by itself. */
export const broadcasts = (fn: BinaryFn, dtype: NumberType): boolean =>
  fn in PLAIN || (fn === 'div' && dtype === 'float32');

export const unaryOf = (ops: Operations, fn: UnaryFn, dtype: NumberType): Unary => {
  // TensorFlow's own sign is that of a comparison, and tfjs's abs of whole numbers goes through float32
  if (fn === 'sign') {
    const sign = ops.unary('Sign');
    return dtype === 'float32' ? (x) => ops.select(ops.isNaN(x), x, sign(x)) : sign;
  }
  if (fn === 'abs' && dtype === 'int32') return (x) => ops.maximum(x, ops.neg(x));
  return ops.unary(UNARY[fn]);
};

/** NaN if an operand is: of two numbers that compare as neither, the one that is none. */
const extreme =
  (ops: Operations, atLeast: Binary): Binary =>
  (a, b) =>
    ops.select(ops.or(atLeast(a, b), ops.isNaN(a)), a, b);

/** As in IEEE 754 before 2008: 1 to a power that is no finite number is NaN. */
const power =
  (ops: Operations): Binary =>
  (a, b) =>
    ops.replaced(
      ops.and(ops.equal(ops.abs(a), ops.scalar(1, 'float32')), ops.not(ops.isFinite(b))),
      NaN,
      ops.pow(a, b),
    );

/** The remainder of the magnitudes is exact, and the same on all; the signs are put in afterwards. */
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

/** A divisor that no division stops at: 1 in the place of 0, and of -1, by which the least number has no quotient. */
const safeDivisor = (ops: Operations, b: Tensor): Tensor =>
  ops.replaced(ops.or(ops.equal(b, ops.scalar(0, 'int32')), ops.equal(b, ops.scalar(-1, 'int32'))), 1, b);

const integerRemainder =
  (ops: Operations): Binary =>
  (a, b) =>
    ops.mod(a, safeDivisor(ops, b)); // the remainder by 1 is 0, as it is by 0 and -1

/** Truncated: one more than the floor, where that is negative and leaves a rest. */
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

/** A negative power is the truncated reciprocal: that of 1 and -1 is 1 or -1, and of all others 0. */
const integerPower =
  (ops: Operations): Binary =>
  (a, b) => {
    const negative = ops.less(b, ops.scalar(0, 'int32'));
    const unit = ops.equal(ops.maximum(a, ops.neg(a)), ops.scalar(1, 'int32'));
    const base = ops.replaced(ops.and(negative, ops.not(unit)), 0, a);
    const parity = ops.mod(b, ops.scalar(2, 'int32'));
    const exponent = ops.select(negative, ops.sub(ops.full(2, b.shape, 'int32'), parity), b); // 1 or 2: 0 to the power 0 is 1
    return ops.pow(base, exponent);
  };

export const binaryOf = (ops: Operations, fn: BinaryFn, dtype: NumberType): Binary => {
  const whole = dtype === 'int32';
  switch (fn) {
    case 'div':
      return whole ? integerQuotient(ops) : ops.binary('RealDiv');
    case 'mod':
      return whole ? integerRemainder(ops) : remainder(ops);
    case 'pow':
      return whole ? integerPower(ops) : power(ops);
    case 'max':
      return whole ? ops.maximum : extreme(ops, ops.greaterEqual);
    case 'min':
      return whole ? ops.minimum : extreme(ops, ops.lessEqual);
    default:
      return ops.binary(PLAIN[fn]);
  }
};

const TOP = 2147483648;

/** float32 to int32 truncates and saturates, and NaN is 0: what is out of range is no whole number to a kernel. */
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
