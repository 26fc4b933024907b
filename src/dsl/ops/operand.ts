import { show } from '../../internal/decode.js';
import { raise, showShape } from '../errors.js';
import type { Node } from '../graph/node.js';
import { heldBy } from '../primitives/checks.js';
import { broadcast, full, reshape, transpose } from '../primitives/index.js';
import { type AnyTensor, dims, isOperand, isTensor, nodeOf } from '../graph/tensor.js';

/** The dtypes of arithmetic. */
export type Numeric = 'float32' | 'int32';

/** Repeats a node to a shape that it fits from the right: its axes are 1, equal, or missing on the left. */
export const spread = (n: Node, shape: readonly number[]): Node => {
  const missing = Math.max(0, shape.length - n.shape.length);
  return broadcast(reshape(n, [...shape.slice(0, missing).map(() => 1), ...n.shape]), shape);
};

/** Exchanges two axes. */
export const exchange = (x: Node, a: number, b: number): Node =>
  transpose(x, x.shape.map((_, i) => (i === a ? b : i === b ? a : i))); // prettier-ignore

/** An operand in the shape of `x`: repeats numbers and scalars, and converts numbers to the dtype of `x`. */
export const operand = (op: string, y: number | AnyTensor, x: Node): Node => {
  if (typeof y === 'number') return full(heldBy(op, x.dtype, Float64Array.of(y))[0]!, x.shape, x.dtype);
  const n = nodeOf(y);
  return n.shape.length === 0 && x.shape.length > 0 ? spread(n, x.shape) : n;
};

/** The nodes of two operands in one shape. One of them may be a number; both may be scalars. */
export const operands = (op: string, x: number | AnyTensor, y: number | AnyTensor): readonly [Node, Node] => {
  // the shape comes from the operand that is not a scalar; two scalars have one shape
  const model = typeof x === 'number' || (isTensor(x) && isTensor(y) && isScalar(x)) ? y : x;
  const shape = nodeOf(model as AnyTensor);
  return [operand(op, x, shape), operand(op, y, shape)];
};

const isScalar = (x: AnyTensor): boolean => nodeOf(x).shape.length === 0;

/** Tells the data-first form of an operation with optional arguments: its first argument is a tensor. */
export const startsWithTensor = ([x]: readonly unknown[]): boolean => isOperand(x);

/** Describes an argument for error messages. */
export const described = (x: unknown): string => (isTensor(x) ? `a tensor of ${showShape(dims(x))}` : show(x));

/** Returns parameters. Raises `ConfigError` unless they are a record with these fields. */
export const withFields = <P extends object>(op: string, given: P, names: readonly (keyof P & string)[]): P => {
  const isRecord = typeof given === 'object' && given !== null && !isTensor(given);
  const missing = isRecord ? names.filter((name) => given[name] === undefined) : [];
  return isRecord && missing.length === 0
    ? given
    : raise('ConfigError', {
        where: op,
        expected: `a record of tensors with the field${names.length > 1 ? 's' : ''} ${names.join(' and ')}`,
        actual: missing.length > 0 ? `a record without ${missing.join(' and ')}` : described(given),
        hint: `write { ${names.join(', ')} }`,
      });
};

/** Raises `ShapeError` unless a parameter has one number for each channel, the last axis of `x`. */
export const requirePerChannel = (op: string, name: string, parameter: AnyTensor, x: Node): void => {
  const expected = showShape(x.shape.slice(-1));
  const actual = showShape(nodeOf(parameter).shape);
  if (actual !== expected)
    raise('ShapeError', {
      where: op,
      expected: `${name} of ${expected}, one number for each channel of ${showShape(x.shape)}`,
      actual,
      hint: 'the channels are the last axis',
    });
};
