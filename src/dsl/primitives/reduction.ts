import { raise, showShape } from '../errors.js';
import { type Node, node, type ReduceFn } from '../node.js';
import { axisOf, expandDims } from './movement.js';

const numeric = (op: string, x: Node): void => {
  if (x.dtype !== 'float32' && x.dtype !== 'int32')
    raise('DTypeError', {
      where: op,
      expected: 'float32 or int32',
      actual: x.dtype,
      hint: 'cast the operand first',
    });
};

/** Reduces over `axes`, which disappear from the shape. */
export const reduce = (fn: ReduceFn, x: Node, axes: readonly number[]): Node => {
  numeric(fn, x);
  const resolved = [...new Set(axes.map((axis) => axisOf(fn, x, axis)))].sort((a, b) => a - b);
  if (resolved.length === 0) return x;
  return node(
    'reduce',
    [x],
    { fn, axes: resolved },
    x.shape.filter((_, i) => !resolved.includes(i)),
    x.dtype,
  );
};

/** A reduction that leaves its axes behind with extent 1. */
export const reduceKeeping = (fn: ReduceFn, x: Node, axes: readonly number[]): Node =>
  expandDims(
    reduce(fn, x, axes),
    axes.map((axis) => axisOf(fn, x, axis)),
  );

export const cumsum = (x: Node, axis: number, reverse = false): Node => {
  numeric('cumsum', x);
  return node('cumsum', [x], { axis: axisOf('cumsum', x, axis), reverse }, x.shape, x.dtype);
};

export const argmax = (x: Node, axis: number): Node => {
  numeric('argmax', x);
  const along = axisOf('argmax', x, axis);
  if (x.shape[along] === 0)
    raise('ShapeError', {
      where: 'argmax',
      expected: `elements along axis ${along}`,
      actual: showShape(x.shape),
      hint: 'nothing has no largest element',
    });
  return node(
    'argmax',
    [x],
    { axis: along },
    x.shape.filter((_, i) => i !== along),
    'int32',
  );
};

export const topKIndices = (x: Node, k: number): Node => {
  numeric('topK', x);
  const last = x.shape.at(-1) ?? 0;
  if (!Number.isInteger(k) || k < 1 || k > last)
    raise('ShapeError', {
      where: 'topK',
      expected: `k from 1 to ${last}`,
      actual: `${k}`,
      hint: 'k counts along the last axis',
    });
  return node('topKIndices', [x], { k }, [...x.shape.slice(0, -1), k], 'int32');
};
