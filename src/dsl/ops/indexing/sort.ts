/** Order along the last axis. */
import type { Node } from '../../graph/node.js';
import { axisOf, flip, full, iota, sub, topKIndices } from '../../primitives/index.js';
import { type Dim, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import type { Numeric } from '../operand.js';
import { takeAlongLast } from './take.js';

/** The indices of a stable ascending sort of each row: the indices of a descending sort of the flipped row, flipped. */
const ascendingIndices = (op: string, x: Node): Node => {
  const last = axisOf(op, x, -1);
  const extent = x.shape[last]!;
  if (extent === 0) return iota(x.shape, last);
  const descending = flip(topKIndices(flip(x, [last]), extent), [last]);
  return sub(full(extent - 1, x.shape, 'int32'), descending);
};

/**
 * Computes the indices that sort the last axis in ascending order. Equal elements keep their order; NaN is sorted with ∞,
 * at the end. Raises `ShapeError` for a scalar.
 * @example argsort(constantOf([30, 10, 20], 3)) // → [1, 2, 0]
 */
export const argsort = <R extends Shape, N extends Dim>(x: Tensor<[...R, N], Numeric>): Tensor<[...R, N], 'int32'> =>
  tensor(ascendingIndices('argsort', nodeOf(x)));

/**
 * Sorts the last axis in ascending order, as {@link argsort} does. Raises `ShapeError` for a scalar.
 * @example sort(constantOf([30, 10, 20, 2, 3, 1], 2, 3)) // → [[10, 20, 30], [1, 2, 3]]
 */
export const sort = <R extends Shape, N extends Dim, D extends Numeric>(
  x: Tensor<[...R, N], D>,
): Tensor<[...R, N], D> => {
  const n = nodeOf(x);
  return tensor(takeAlongLast(n, ascendingIndices('sort', n)));
};
