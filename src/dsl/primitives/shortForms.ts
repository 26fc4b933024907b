/** Short forms of primitives, in which formulas are written. */
import type { BinaryFn, UnaryFn } from '../graph/node.js';
import { axisOf } from './shape.js';
import { binary } from './elementwise/binary.js';
import { unary } from './elementwise/unary.js';
import { broadcast } from './movement/broadcast.js';
import { reshape } from './movement/reshape.js';
import type { Build, OfOne, OfTwo } from './primitive.js';
import { reduce } from './reduction/reduce.js';
import { constant } from './source/constant.js';

export const full: Build['full'] = (value, shape, dtype = 'float32') => {
  const scalar = constant(Float64Array.of(value), [], dtype);
  return broadcast(reshape(scalar, shape.map(() => 1)), shape); // prettier-ignore
};
export const zerosLike: OfOne = ({ shape, dtype }) => full(0, shape, dtype);

const ofOne =
  (fn: UnaryFn): OfOne =>
  (x) =>
    unary(fn, x);
export const neg = ofOne('neg');
export const abs = ofOne('abs');
export const exp = ofOne('exp');
export const sqrt = ofOne('sqrt');
export const rsqrt = ofOne('rsqrt');
export const atan = ofOne('atan');
export const sigmoid = ofOne('sigmoid');
export const erf = ofOne('erf');

const ofTwo =
  (fn: BinaryFn): OfTwo =>
  (a, b) =>
    binary(fn, a, b);
export const add = ofTwo('add');
export const sub = ofTwo('sub');
export const mul = ofTwo('mul');
export const div = ofTwo('div');
export const max = ofTwo('max');
export const equal = ofTwo('equal');
export const less = ofTwo('less');

/** Forms that only rules use. */
export const ruleForms = { sign: ofOne('sign'), floor: ofOne('floor'), log: ofOne('log'), reciprocal: ofOne('reciprocal'),
  sin: ofOne('sin'), cos: ofOne('cos'),
  pow: ofTwo('pow'), min: ofTwo('min'), and: ofTwo('and'),
}; // prettier-ignore

export const scale: Build['scale'] = (x, s) => (s === 1 ? x : mul(x, full(s, x.shape, x.dtype)));
export const shift: Build['shift'] = (x, s) => (s === 0 ? x : add(x, full(s, x.shape, x.dtype)));
export const oneMinus: OfOne = (x) => sub(full(1, x.shape), x);

export const expandDims: Build['expandDims'] = (x, axes) => {
  const shape = [...x.shape];
  for (const axis of [...axes].sort((a, b) => a - b)) shape.splice(axis, 0, 1);
  return reshape(x, shape);
};

export const reduceKeeping: Build['reduceKeeping'] = (fn, x, axes) => {
  const resolved = axes.map((axis) => axisOf(fn, x, axis));
  return expandDims(reduce(fn, x, axes), resolved);
};
