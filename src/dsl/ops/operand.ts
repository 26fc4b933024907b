import { show } from '../../internal/decode.js';
import { dual } from '../../internal/dual.js';
import { isDivisor } from '../../internal/numbers.js';
import { raise, refuseShape, showShape, showType } from '../../internal/errors.js';
import type { Node } from '../graph/node.js';
import { heldBy, isSameShape } from '../primitives/checks.js';
import { broadcast, fourOf, full, reshape, transpose } from '../primitives/index.js';
import { type AnyTensor, dims, isOperand, isTensor, nodeOf, tensor } from '../graph/tensor.js';

/** The dtypes of arithmetic. */
export type Numeric = 'float32' | 'int32';
export type NumberOrTensor = number | AnyTensor;

/** Broadcasts a node to a shape, aligned at the right: its axes are 1, equal, or missing on the left. */
export const spread = (n: Node, shape: readonly number[]): Node => {
  const missing = Math.max(0, shape.length - n.shape.length);
  return broadcast(reshape(n, [...shape.slice(0, missing).map(() => 1), ...n.shape]), shape);
};

/** Exchanges two axes. */
export const exchange = (x: Node, a: number, b: number): Node =>
  transpose(x, x.shape.map((_, i) => (i === a ? b : i === b ? a : i))); // oxfmt-ignore

/** An operand in the shape of `x`: repeats numbers and scalars, and converts numbers to the dtype of `x`. */
export const operand = (op: string, y: NumberOrTensor, x: Node): Node => {
  if (typeof y === 'number') return full(heldBy(op, x.dtype, Float64Array.of(y))[0]!, x.shape, x.dtype);
  const n = nodeOf(y);
  return n.shape.length === 0 && x.shape.length > 0 ? spread(n, x.shape) : n;
};

/** The nodes of two operands, broadcast to one shape. One of them may be a number; both may be scalars. */
export const operands = (op: string, x: NumberOrTensor, y: NumberOrTensor): readonly [Node, Node] => {
  // the shape comes from the operand that is not a scalar; two scalars have one shape
  const isSmall = typeof x === 'number' || (typeof y !== 'number' && nodeOf(x).shape.length === 0);
  const model = nodeOf((isSmall ? y : x) as AnyTensor); // the types exclude two numbers
  return [operand(op, x, model), operand(op, y, model)];
};

/** Detects the data-first form of an operation with optional arguments: its first argument is a tensor. */
export const startsWithTensor = ([x]: readonly unknown[]): boolean => isOperand(x);

/** Makes both forms of an operation on one tensor with an optional argument, by default a number. */
export const withOption = <F extends object, O = number>(op: string, body: (x: Node, option?: O) => Node): F =>
  dual(op, [startsWithTensor, 2], (x: AnyTensor, option?: O) => tensor(body(nodeOf(x), option)));

/** Raises `DTypeError` unless a node is float32. */
export const demandFloats = (where: string, { dtype }: Node): void => {
  const hint = "cast it first: cast(x, 'float32')";
  if (dtype !== 'float32') raise('DTypeError', { where, expected: 'float32', actual: dtype, hint });
};

/** Raises `ShapeError` unless a number of `what`, such as heads, divides the channels, the last axis of a shape. */
export const demandDivisor = (where: string, what: string, n: number, shape: readonly number[]): void => {
  const channels = shape.at(-1)!;
  if (isDivisor(n, channels)) return;
  const expected = `a number of ${what} that divides the ${channels} channels of ${showShape(shape)}`;
  raise('ShapeError', { where, expected, actual: `${n}`, hint: `choose the channels as a multiple of the ${what}` });
};

/** Raises `ShapeError` unless a mask has a boolean for each of some keys or tokens `[B, …, C]`. */
export const demandMask = (where: string, mask: Node, keys: Node): void => {
  const shape = keys.shape.slice(0, -1);
  if (mask.dtype === 'bool' && isSameShape(mask.shape, shape)) return;
  const expected = `a boolean for each of ${showShape(keys.shape)}, ${showType({ shape, dtype: 'bool' })}`;
  const hint = 'compare the positions with the lengths: less(positions, lengths)';
  raise('ShapeError', { where, expected, actual: showType(mask), hint });
};

/** The extents of images. Raises `ShapeError` for other tensors, and unless the groups divide the channels. */
export const imagesInGroups = (op: string, x: Node, groups: number) => {
  if (x.shape.length !== 4)
    refuseShape(op, 'images [B, H, W, C]', x.shape, 'give other tensors axes of extent 1, or use layerNorm');
  demandDivisor(op, 'groups', groups, x.shape);
  return fourOf(x);
};

/** Describes an argument for error messages. */
export const described = (x: unknown): string => (isTensor(x) ? `a tensor of ${showShape(dims(x))}` : show(x));

/** Raises `ConfigError` for an argument of another kind than expected. */
export const refuseArgument = (where: string, expected: string, value: unknown, hint: string): never =>
  raise('ConfigError', { where, expected, actual: described(value), hint });

/** Tests for a record of parameters or options. */
export const isRecord = (x: unknown): x is object => typeof x === 'object' && x !== null && !isTensor(x);

/** Returns parameters. Raises `ConfigError` unless they are a record with these fields. */
export const withFields = <P extends object>(op: string, record: P, names: readonly (keyof P & string)[]): P => {
  const missing = isRecord(record) ? names.filter((name) => record[name] === undefined) : [];
  return isRecord(record) && missing.length === 0
    ? record
    : raise('ConfigError', {
        where: op,
        expected: `a record of tensors with the field${names.length > 1 ? 's' : ''} ${names.join(' and ')}`,
        actual: missing.length > 0 ? `a record without ${missing.join(' and ')}` : described(record),
        hint: `write { ${names.join(', ')} }`,
      });
};

/** Returns parameters. Raises `ShapeError` unless each has one number for each channel of x. */
export const ofChannels = <P extends object>(
  op: string,
  record: P,
  names: readonly (keyof P & string)[],
  x: Node,
): P => {
  const params = withFields(op, record, names);
  const own = showShape(x.shape.slice(-1));
  for (const name of names) {
    const { shape } = nodeOf(params[name] as AnyTensor); // raises an error unless it is a tensor
    const expected = `${name} of ${own}, one number for each channel of ${showShape(x.shape)}`;
    if (showShape(shape) !== own) refuseShape(op, expected, shape, 'the channels are the last axis');
  }
  return params;
};

/**
 * The type of a parameter of the last overload, which has two arguments. This overload accepts no call that the others
 * reject; with it, compilers report which argument is wrong. The type is `IfRecord` for records of options or
 * parameters; the compiler infers `T` from it.
 */
export type RecordOr<T, IfRecord, Otherwise> = [T] extends [never]
  ? T // for inference
  : [T] extends [object]
    ? [T] extends [(...args: never) => unknown]
      ? Otherwise
      : keyof AnyTensor extends keyof T
        ? Otherwise
        : IfRecord
    : Otherwise;
