/** Constructors of nodes that combine or compare the elements along axes. */
import { raise, refuseShape, textOf } from '../../internal/errors.js';
import { type Node, node, type ReduceFn } from '../graph/node.js';
import { axisOf, demandDType, NUMBERS, type Numbers } from './checks.js';
import { expandDims } from './movement.js';

/** Reduces over `axes`, which disappear from the shape. */
export const reduce = (fn: ReduceFn, x: Node, axes: Numbers): Node => {
  demandDType(fn, NUMBERS, x);
  const resolved = [...new Set(axes.map((axis) => axisOf(fn, x, axis)))].sort((a, b) => a - b);
  if (resolved.length === 0) return x;
  const shape = x.shape.filter((_, i) => !resolved.includes(i));
  return node('reduce', [x], { fn, axes: resolved }, shape, x.dtype);
};

/** A reduction that keeps the reduced axes, with extent 1. */
export const reduceKeeping = (fn: ReduceFn, x: Node, axes: Numbers): Node => {
  const resolved = axes.map((axis) => axisOf(fn, x, axis));
  return expandDims(reduce(fn, x, axes), resolved);
};

/** Cumulative sums along an axis: of the elements up to each one, or from each one on if `reverse`. */
export const cumsum = (x: Node, axis: number, reverse = false): Node => {
  demandDType('cumsum', NUMBERS, x);
  return node('cumsum', [x], { axis: axisOf('cumsum', x, axis), reverse }, x.shape, x.dtype);
};

/** The index of the greatest element along an axis, which disappears; of equal ones, the first. */
export const argmax = (x: Node, axis: number): Node => {
  demandDType('argmax', NUMBERS, x);
  const along = axisOf('argmax', x, axis);
  if (x.shape[along] === 0)
    refuseShape('argmax', `elements along axis ${along}`, x.shape, 'an empty axis has no largest element');
  const shape = x.shape.filter((_, i) => i !== along);
  return node('argmax', [x], { axis: along }, shape, 'int32');
};

/** The indices of the k greatest elements along the last axis, in descending order. */
export const topKIndices = (x: Node, k: number): Node => {
  demandDType('topK', NUMBERS, x);
  const last = x.shape.at(-1) ?? 0;
  const hint = 'k counts along the last axis';
  if (!Number.isInteger(k) || k < 1 || k > last)
    raise('ShapeError', { where: 'topK', expected: `k from 1 to ${last}`, actual: textOf(k), hint });
  return node('topKIndices', [x], { k }, [...x.shape.slice(0, -1), k], 'int32');
};
