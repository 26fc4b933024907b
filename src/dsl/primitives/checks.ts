/** Shapes and dtypes that operands must have, and the numbers that a dtype holds. */
import { show } from '../../internal/decode.js';
import { raise, showShape, showType, textOf } from '../../internal/errors.js';
import { type ConstantData, type DType, type Node, whereOf } from '../graph/node.js';

export type Numbers = readonly number[];

export const NUMBERS = ['float32', 'int32'] as const satisfies readonly DType[];

export const wrongDType = (op: string, wrong: Node, expected: string, operands = [wrong]): never =>
  raise('DTypeError', { where: whereOf(op, operands), expected, actual: wrong.dtype, hint: 'cast the operand first' });

export const wrongShape = (op: string, n: Node, expected: string, actual: string, hint: string): never =>
  raise('ShapeError', { where: whereOf(op, [n]), expected, actual, hint });

/** Raises `DTypeError` unless all operands have one of the dtypes. */
export const demandDType = (op: string, dtypes: readonly DType[], ...operands: Node[]): void => {
  const wrong = operands.find(({ dtype }) => !dtypes.includes(dtype));
  if (wrong !== undefined) wrongDType(op, wrong, dtypes.join(' or '), operands);
};

/** Raises `DTypeError` unless the operand is a key. */
export const demandKey = (op: string, n: Node): void => {
  const hint = "declare the input as 'key'";
  if (n.dtype !== 'key') raise('DTypeError', { where: op, expected: 'a key', actual: showType(n), hint });
};

/** Returns a number. Raises `ConfigError` for anything else, from JavaScript. */
export const demandNumber = (where: string, x: unknown): number =>
  typeof x === 'number'
    ? x
    : raise('ConfigError', { where, expected: 'a number', actual: show(x), hint: 'give a number, such as 0' });

/** Converts numbers to a dtype: a bool becomes 0 or 1. Raises `DTypeError` for a fraction as int32. */
export const heldBy = (where: string, dtype: DType, numbers: ConstantData): ConstantData => {
  if (dtype === 'bool')
    return numbers.every((x) => x === 0 || x === 1) ? numbers : numbers.map((x) => (x === 0 ? 0 : 1));
  const wrong = dtype === 'int32' ? numbers.find((x) => x !== (x | 0)) : undefined;
  if (wrong === undefined) return numbers;
  const hint = 'round it, or cast the tensor to float32 first';
  return raise('DTypeError', { where, expected: 'numbers of int32', actual: `${wrong}`, hint });
};

export const isSameShape = (a: Numbers, b: Numbers): boolean => a.length === b.length && a.every((d, i) => d === b[i]);

/** Raises `ShapeError` unless the shapes are equal. */
export const demandSameShape = (op: string, a: Node, b: Node): void => {
  if (isSameShape(a.shape, b.shape)) return;
  const hint = 'broadcasting is explicit: use broadcastTo, expandDims or reshape';
  wrongShape(op, a, `equal shapes, ${showShape(a.shape)}`, showShape(b.shape), hint);
};

/** Raises `ShapeError` or `DTypeError` unless shapes and dtypes are equal. */
export const demandAlike = (op: string, a: Node, b: Node): void => {
  demandSameShape(op, a, b);
  if (a.dtype !== b.dtype) wrongDType(op, b, `two operands of ${a.dtype}`);
};

/** Counts a negative axis from the end. Raises `ShapeError` for an axis that `x` does not have. */
export const axisOf = (op: string, x: Node, axis: number): number => {
  const rank = x.shape.length;
  if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  const hint = `give an integer from ${-rank} to ${rank - 1}`;
  return wrongShape(op, x, `an axis of ${showShape(x.shape)}`, textOf(axis), hint);
};
