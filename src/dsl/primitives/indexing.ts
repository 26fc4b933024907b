/** Constructors of nodes that read or write the rows of a tensor at indices. */
import { raise, refuseShape, showShape, showType } from '../../internal/errors.js';
import { type Node, node, extentAt } from '../graph/node.js';
import { demandDType } from './checks.js';

/** Raises `DTypeError` or `ShapeError` unless the indices are int32 of rank 1. */
const demandIndices = (op: string, indices: Node): void => {
  demandDType(op, ['int32'], indices);
  if (indices.shape.length !== 1) refuseShape(op, 'indices of rank 1', indices.shape, 'reshape them');
};

/** Rows of `x: [n, ...rest]` at `indices: [m]`, clamped into 0…n-1. */
export const gather = (x: Node, indices: Node): Node => {
  demandIndices('gather', indices);
  const rows = x.shape[0] ?? 0;
  if (x.shape.length === 0 || x.dtype === 'key' || (rows === 0 && extentAt(indices, 0) > 0)) {
    const hint = x.shape.length === 0 ? 'reshape it' : 'a tensor without rows has nothing to gather';
    raise('ShapeError', { where: 'gather', expected: 'a tensor with rows', actual: showType(x), hint });
  }
  return node('gather', [x, indices], {}, [extentAt(indices, 0), ...x.shape.slice(1)], x.dtype);
};

/** Adds rows of `updates: [m, ...rest]` into a zero tensor `[size, ...rest]`; an index out of range is clamped. */
export const scatterAdd = (indices: Node, updates: Node, size: number): Node => {
  demandIndices('scatterAdd', indices);
  const rows = extentAt(indices, 0);
  if (updates.shape[0] !== rows || (size === 0 && rows > 0)) {
    const expected = `updates of ${rows} rows, one for each index, and a size of at least 1`;
    const actual = `updates ${showShape(updates.shape)} and the size ${size}`;
    const hint = 'give the updates as many rows as there are indices';
    raise('ShapeError', { where: 'scatterAdd', expected, actual, hint });
  }
  return node('scatterAdd', [indices, updates], { size }, [size, ...updates.shape.slice(1)], updates.dtype);
};
