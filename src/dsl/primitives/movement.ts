/** Constructors of nodes that hold the elements of their operands at other indices. */
import { elementAt } from '../../internal/lookup.js';
import { raise, showShape } from '../../internal/errors.js';
import { type DType, type Node, node, extentAt } from '../graph/node.js';
import { sizeOf } from '../../internal/numbers.js';
import { isExtent } from '../types/dim.js';
import { axisOf, demandNumber, heldBy, isSameShape, type Numbers, wrongDType, wrongShape } from './checks.js';
import type { Operand } from './primitive.js';
import { constant } from './source.js';

/** The same number for each axis. */
const perAxis = (n: number, axes: Numbers): Numbers => axes.map(() => n);

/** The same elements, in row-major order, in another shape. */
export const reshape = (x: Node, shape: Numbers): Node => {
  const [has, size] = [sizeOf(x.shape), sizeOf(shape)];
  if (size !== has) {
    const expected = `${has} elements, as in ${showShape(x.shape)}`;
    wrongShape('reshape', x, expected, `${size} in ${showShape(shape)}`, 'give a shape of as many elements');
  }
  return isSameShape(shape, x.shape) ? x : node('reshape', [x], {}, shape, x.dtype);
};

/** The axes in another order: axis i of the result is axis `permutation[i]` of x. */
export const transpose = (x: Node, permutation: Numbers): Node => {
  const rank = x.shape.length;
  const axes = permutation.map((axis) => axisOf('transpose', x, axis));
  if (axes.length !== rank || new Set(axes).size !== rank)
    wrongShape('transpose', x, `a permutation of ${rank} axes`, showShape(permutation), 'name each axis once');
  if (axes.every((axis, i) => axis === i)) return x;
  const shape = axes.map((axis) => extentAt(x, axis));
  return node('transpose', [x], { permutation: axes }, shape, x.dtype);
};

/** Exchanges two axes; negative ones count from the end. */
export const swapAxes = (x: Node, a: number, b: number): Node => {
  const axes = [...x.shape.keys()];
  return transpose(x, axes.with(a, elementAt(axes, b)).with(b, elementAt(axes, a)));
};

/** xᵀ, of the last two axes. */
export const transposed = (x: Node): Node => swapAxes(x, -2, -1);

/** Repeats axes of extent 1; the rank stays. */
export const broadcast = (x: Node, shape: Numbers): Node => {
  const isOfRank = shape.length === x.shape.length;
  if (!isOfRank || shape.some((d, i) => d !== x.shape[i] && x.shape[i] !== 1)) {
    const expected = `a shape that ${showShape(x.shape)} fills by repeating its axes of 1`;
    const hint = isOfRank ? 'its other axes must be equal' : 'insert axes with expandDims or reshape first';
    wrongShape('broadcast', x, expected, showShape(shape), hint);
  }
  return isSameShape(shape, x.shape) ? x : node('broadcast', [x], {}, shape, x.dtype);
};

/** The operand of a broadcast; any other node is returned unchanged. */
export const repeatedBy = (n: Node): Node => (n.op === 'broadcast' ? n.inputs[0] : n);

/**
 * `size[i]` elements from `start[i]` in steps of `strides[i]` (positive). `name` is the path of the tensor that the
 * slice holds, if x is the concatenation of the tensors of a tree.
 */
export const slice = (x: Node, start: Numbers, size: Numbers, strides = perAxis(1, start), name?: string): Node => {
  const fits =
    [start, size, strides].every(({ length }) => length === x.shape.length) &&
    [...start, ...size, ...strides].every(isExtent) &&
    x.shape.every((d, i) => strides[i]! > 0 && (size[i] === 0 || start[i]! + (size[i]! - 1) * strides[i]! < d));
  if (!fits) {
    const expected = `a box of whole elements inside ${showShape(x.shape)}`;
    const actual = `start ${showShape(start)}, size ${showShape(size)}, strides ${showShape(strides)}`;
    wrongShape('slice', x, expected, actual, 'keep start + (size - 1)·stride below the extent');
  }
  if (name !== undefined) return node('slice', [x], { start, strides, name }, size, x.dtype);
  return isSameShape(size, x.shape) ? x : node('slice', [x], { start, strides }, size, x.dtype);
};

/** The elements in reverse order along some axes. */
export const flip = (x: Node, axes: Numbers): Node => {
  const resolved = axes.map((axis) => axisOf('flip', x, axis)).filter((axis) => extentAt(x, axis) > 1);
  return resolved.length === 0 ? x : node('flip', [x], { axes: resolved }, x.shape, x.dtype);
};

/** Puts `low[i]` elements before axis i, `high[i]` after it, and `interior[i]` between neighbours. */
export const pad = (x: Node, low: Numbers, high: Numbers, interior = perAxis(0, low), value = 0): Node => {
  const all = [...low, ...high, ...interior];
  if (all.length !== 3 * x.shape.length || !all.every(isExtent)) {
    const actual = `low ${showShape(low)}, high ${showShape(high)}, interior ${showShape(interior)}`;
    wrongShape('pad', x, `counts ≥ 0 for ${x.shape.length} axes`, actual, 'use slice to crop');
  }
  if (all.every((p) => p === 0)) return x;
  const filling = heldBy('pad', x.dtype, Float64Array.of(demandNumber('pad', value)))[0]!;
  const shape = x.shape.map((d, i) => low[i]! + d + Math.max(0, d - 1) * interior[i]! + high[i]!);
  return node('pad', [x], { low, high, interior, value: filling }, shape, x.dtype);
};

/** Joins nodes along an axis; all other axes agree. */
export const concat = (parts: readonly Node[], axis: number): Node => {
  const [first] = parts;
  if (first === undefined) {
    const hint = 'pass the tensors to join';
    return raise('ShapeError', { where: 'concat', expected: 'at least one tensor', actual: 'none', hint });
  }
  const along = axisOf('concat', first, axis);
  for (const part of parts) {
    if (part.shape.length !== first.shape.length || part.shape.some((d, i) => i !== along && d !== first.shape[i])) {
      const expected = `${showShape(first.shape)} but for axis ${along}`;
      wrongShape('concat', part, expected, showShape(part.shape), 'all other axes must agree');
    }
    if (part.dtype !== first.dtype) wrongDType('concat', part, first.dtype);
  }
  if (parts.length === 1) return first;
  const shape = first.shape.map((d, i) => (i === along ? parts.reduce((sum, p) => sum + extentAt(p, i), 0) : d));
  return node('concat', [first, ...parts.slice(1)], { axis: along }, shape, first.dtype);
};

/** One number, repeated over a shape. */
export const full = (value: number, shape: Numbers, dtype: DType = 'float32'): Node =>
  broadcast(reshape(constant(Float64Array.of(value), [], dtype), perAxis(1, shape)), shape);

export const zerosLike = ({ shape, dtype }: Node): Node => full(0, shape, dtype);

/** Inserts axes of extent 1 at the given places of the result. */
export const expandDims = (x: Node, axes: Numbers): Node => {
  const shape = [...x.shape];
  for (const axis of [...axes].sort((a, b) => a - b)) shape.splice(axis, 0, 1);
  return reshape(x, shape);
};

/** Moves an axis. The result is a view if it passes only axes of extent 1. */
export const moveAxis = (x: Node, from: number, to: number): Node => {
  const order = [...x.shape.keys()].filter((axis) => axis !== from);
  order.splice(to, 0, from);
  const between = from < to ? x.shape.slice(from + 1, to + 1) : x.shape.slice(to, from);
  return between.every((d) => d === 1) || x.shape[from] === 1
    ? reshape(x, order.map((axis) => extentAt(x, axis))) // oxfmt-ignore
    : transpose(x, order);
};

/** Repeats an operand along a new leading axis of the batch, unless it already has the axis. */
export const spread = ({ node: x, mapped }: Operand, extent: number): Node =>
  mapped ? x : broadcast(expandDims(x, [0]), [extent, ...x.shape]);
