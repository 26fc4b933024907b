import { raise, showShape } from '../errors.js';
import { type Node, node, whereOf } from '../node.js';
import { demandDType } from './dtype.js';

const indexVector = (op: string, indices: Node): void => {
  demandDType(() => whereOf(op, [indices]), 'int32', indices);
  if (indices.shape.length !== 1)
    raise('ShapeError', {
      where: op,
      expected: 'indices of rank 1',
      actual: showShape(indices.shape),
      hint: 'reshape them',
    });
};

/** Rows of `x: [n, ...rest]` at `indices: [m]`, clamped into 0…n-1. */
export const gather = (x: Node, indices: Node): Node => {
  indexVector('gather', indices);
  const rows = x.shape[0] ?? 0;
  if (x.shape.length === 0 || x.dtype === 'key' || (rows === 0 && indices.shape[0]! > 0))
    raise('ShapeError', {
      where: 'gather',
      expected: 'a tensor with rows',
      actual: `${x.dtype} ${showShape(x.shape)}`,
      hint: x.shape.length === 0 ? 'reshape it' : 'there is nothing to gather from no rows',
    });
  return node('gather', [x, indices], {}, [indices.shape[0]!, ...x.shape.slice(1)], x.dtype);
};

/** Adds rows of `updates: [m, ...rest]` into a zero tensor `[size, ...rest]`; an index out of range is clamped. */
export const scatterAdd = (indices: Node, updates: Node, size: number): Node => {
  indexVector('scatterAdd', indices);
  if (updates.shape[0] !== indices.shape[0] || (size === 0 && indices.shape[0]! > 0))
    raise('ShapeError', {
      where: 'scatterAdd',
      expected: `${indices.shape[0]} rows, into at least one`,
      actual: `${showShape(updates.shape)} into ${size}`,
      hint: 'one row for each index',
    });
  return node('scatterAdd', [indices, updates], { size }, [size, ...updates.shape.slice(1)], updates.dtype);
};
