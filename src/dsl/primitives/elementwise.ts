import { raise, showShape } from '../errors.js';
import {
  type BinaryFn,
  type ConstantData,
  type DType,
  type Node,
  node,
  sizeOf,
  type UnaryFn,
  whereOf,
} from '../node.js';
import { heldBy } from './dtype.js';
import { broadcast, reshape } from './movement.js';

const wrongDType = (op: string, n: Node, expected: string): never =>
  raise('DTypeError', { where: whereOf(op, [n]), expected, actual: n.dtype, hint: 'cast the operand first' });

/** Demands equal shapes and dtypes. */
const same = (op: string, a: Node, b: Node): void => {
  if (a.shape.length !== b.shape.length || a.shape.some((d, i) => d !== b.shape[i]))
    raise('ShapeError', {
      where: whereOf(op, [a]),
      expected: `equal shapes, ${showShape(a.shape)}`,
      actual: showShape(b.shape),
      hint: 'broadcasting is explicit: use broadcastTo, expandDims or reshape',
    });
  if (a.dtype !== b.dtype) wrongDType(op, b, `two operands of ${a.dtype}`);
};

export const constant = (data: ConstantData, shape: readonly number[], dtype: DType): Node => {
  if (data.length !== sizeOf(shape))
    raise('ShapeError', {
      where: 'constant',
      expected: `${sizeOf(shape)} numbers for ${showShape(shape)}`,
      actual: `${data.length}`,
      hint: 'give one number for each element',
    });
  return node('constant', [], { data: heldBy('constant', dtype, data) }, shape, dtype);
};

/** One number, repeated over a shape. */
export const full = (value: number, shape: readonly number[], dtype: DType = 'float32'): Node => {
  const scalar = constant(Float64Array.of(value), [], dtype);
  return shape.length === 0
    ? scalar
    : broadcast(
        reshape(
          scalar,
          shape.map(() => 1),
        ),
        shape,
      );
};

export const iota = (shape: readonly number[], axis: number, dtype: 'float32' | 'int32' = 'int32'): Node =>
  node('iota', [], { axis }, shape, dtype);

const INTEGER_UNARY: ReadonlySet<UnaryFn> = new Set(['neg', 'abs', 'sign']);

export const unary = (fn: UnaryFn, x: Node): Node => {
  const takes =
    fn === 'not'
      ? x.dtype === 'bool'
      : x.dtype === 'float32' || (x.dtype === 'int32' && INTEGER_UNARY.has(fn));
  if (!takes)
    wrongDType(fn, x, fn === 'not' ? 'bool' : INTEGER_UNARY.has(fn) ? 'float32 or int32' : 'float32');
  return node('unary', [x], { fn }, x.shape, fn === 'isFinite' ? 'bool' : x.dtype);
};

const COMPARISONS: ReadonlySet<BinaryFn> = new Set(['equal', 'less', 'lessEqual']);
const LOGICAL: ReadonlySet<BinaryFn> = new Set(['and', 'or']);

export const binary = (fn: BinaryFn, a: Node, b: Node): Node => {
  same(fn, a, b);
  const logical = LOGICAL.has(fn);
  const takes = logical
    ? a.dtype === 'bool'
    : a.dtype === 'float32' || a.dtype === 'int32' || (fn === 'equal' && a.dtype === 'bool');
  if (!takes) wrongDType(fn, a, logical ? 'bool' : 'float32 or int32');
  return node('binary', [a, b], { fn }, a.shape, COMPARISONS.has(fn) ? 'bool' : a.dtype);
};

/** `onTrue` where `condition` holds, `onFalse` elsewhere. */
export const select = (condition: Node, onTrue: Node, onFalse: Node): Node => {
  if (condition.dtype !== 'bool') wrongDType('select', condition, 'a bool condition');
  same('select', onTrue, onFalse);
  same('select', condition, { ...onTrue, dtype: 'bool' });
  return node('select', [condition, onTrue, onFalse], {}, onTrue.shape, onTrue.dtype);
};

/** float32 to int32 truncates toward zero and saturates; a number is true where it is not 0. */
export const cast = (x: Node, dtype: 'float32' | 'int32' | 'bool'): Node => {
  if (x.dtype === 'key') wrongDType('cast', x, 'a number or a bool');
  return x.dtype === dtype ? x : node('cast', [x], {}, x.shape, dtype);
};

export const stopGradient = (x: Node): Node => node('stopGradient', [x], {}, x.shape, x.dtype);

/** x, behind a barrier; with `after`, it is computed when that is there. */
export const barrier = (x: Node, after?: Node): Node =>
  node('barrier', after === undefined ? [x] : [x, after], {}, x.shape, x.dtype);

// Short names for the rules that are written in terms of these.
export const add = (a: Node, b: Node): Node => binary('add', a, b);
export const sub = (a: Node, b: Node): Node => binary('sub', a, b);
export const mul = (a: Node, b: Node): Node => binary('mul', a, b);
export const div = (a: Node, b: Node): Node => binary('div', a, b);
export const neg = (x: Node): Node => unary('neg', x);
/** `x · s` for a plain number s. */
export const scale = (x: Node, s: number): Node => (s === 1 ? x : mul(x, full(s, x.shape, x.dtype)));
/** `x + s` for a plain number s. */
export const shift = (x: Node, s: number): Node => (s === 0 ? x : add(x, full(s, x.shape, x.dtype)));
export const zerosLike = (x: Node): Node => full(0, x.shape, x.dtype);
