import type { Node } from '../../graph/node.js';
import { binary, full, mul, reduce, select, unary, zerosLike } from '../../primitives/index.js';
import { type Reduction, reduction } from './reduction.js';

const normNode = (n: Node, axes: readonly number[]): Node => {
  const square = reduce('sum', mul(n, n), axes);
  const isZero = binary('equal', square, zerosLike(square));
  const root = unary('sqrt', select(isZero, full(1, square.shape), square)); // √ has no slope at 0
  return select(isZero, zerosLike(root), root);
};

/**
 * The 2-norm √Σx² of all elements, or over some axes. Its gradient x/‖x‖ is 0 where x is 0.
 * @example
 * norm(constantOf([2, 4, 4], 3)) // → 6
 * norm(constantOf([3, 4, 0, 0], 2, 2), -1) // → [5, 0]
 */
export const norm: Reduction<'float32'> = reduction('norm', normNode);
