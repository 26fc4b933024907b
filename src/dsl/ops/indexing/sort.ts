/** Order along the last axis. */
import type { Node } from '../../graph/node.js';
import { axisOf, flip, full, iota, sub, topKIndices } from '../../primitives/index.js';
import { type Dim, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import type { Numeric } from '../operand.js';
import { takeAlongLast } from './take.js';

/** The indices that sort each row in rising order, the first of equals first: the falling order, read backwards. */
const risingIndices = (op: string, x: Node): Node => {
  const last = axisOf(op, x, -1);
  const extent = x.shape[last]!;
  if (extent === 0) return iota(x.shape, last);
  const falling = flip(topKIndices(flip(x, [last]), extent), [last]);
  return sub(full(extent - 1, x.shape, 'int32'), falling);
};

/**
 * The indices that sort the last axis in rising order. Equal elements keep their order; NaN is sorted with ∞, at the end.
 * Raises `ShapeError` for a scalar.
 *
 * @example
 * argsort(constantOf([30, 10, 20], 3)) // → [1, 2, 0]
 */
export const argsort = <R extends Shape, N extends Dim>(
  x: Tensor<[...R, N], Numeric>,
): Tensor<[...R, N], 'int32'> => tensor(risingIndices('argsort', nodeOf(x)));

/**
 * Sorts the last axis in rising order, as {@link argsort} does. Raises `ShapeError` for a scalar.
 *
 * @example
 * sort(constantOf([30, 10, 20, 2, 3, 1], 2, 3)) // → [[10, 20, 30], [1, 2, 3]]
 */
export const sort = <R extends Shape, N extends Dim, D extends Numeric>(
  x: Tensor<[...R, N], D>,
): Tensor<[...R, N], D> => {
  const n = nodeOf(x);
  return tensor(takeAlongLast(n, risingIndices('sort', n)));
};
