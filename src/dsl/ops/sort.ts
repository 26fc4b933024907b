/** Order along the last axis. */
import type { Node } from '../node.js';
import { axisOf, full, iota, neg, sub, topKIndices } from '../primitives/index.js';
import { type Dim, nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';
import type { Numeric } from './operand.js';
import { takeAlongLast } from './take.js';

/** The same numbers in falling order; −1 − x has no overflow. */
const reversed = (x: Node): Node => (x.dtype === 'int32' ? sub(full(-1, x.shape, 'int32'), x) : neg(x));

/** Where the elements of each row are in rising order, the first of equals first. */
const risingIndices = (op: string, x: Node): Node => {
  const extent = x.shape[axisOf(op, x, -1)]!;
  return extent === 0 ? iota(x.shape, 0) : topKIndices(reversed(x), extent);
};

/**
 * The places along the last axis of its elements in rising order, the first of equals first. Raises `ShapeError` for a
 * scalar.
 *
 * @example
 * argsort(constantOf([30, 10, 20], 3)) // → [1, 2, 0]
 */
export const argsort = <R extends Shape, N extends Dim>(
  x: Tensor<[...R, N], Numeric>,
): Tensor<[...R, N], 'int32'> => tensor(risingIndices('argsort', nodeOf(x)));

/**
 * The elements along the last axis in rising order. Its gradient goes back to where they came from. Raises `ShapeError`
 * for a scalar.
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
