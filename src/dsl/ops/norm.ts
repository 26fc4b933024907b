import { named } from '../errors.js';
import type { Node } from '../node.js';
import { binary, full, mul, reduce, select, unary, zerosLike } from '../primitives/index.js';
import type { Without } from '../shape.js';
import { nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';

const normNode = (n: Node, axes: readonly number[]): Node => {
  const square = reduce('sum', mul(n, n), axes);
  const none = binary('equal', square, zerosLike(square));
  const root = unary('sqrt', select(none, full(1, square.shape), square)); // √ has no slope at 0
  return select(none, zerosLike(root), root);
};

/**
 * The 2-norm √Σx² of all elements. Its gradient x/‖x‖ is 0 where x is.
 *
 * @example
 * norm(constantOf([2, 4, 4], 3)) // → 6
 */
export const norm = (x: Tensor<Shape>): Tensor<[]> =>
  tensor(normNode(nodeOf(x), nodeOf(x).shape.map((_, axis) => axis))); // prettier-ignore

/**
 * The 2-norms √Σx² over some axes, which disappear. Their gradient x/‖x‖ is 0 where x is.
 *
 * @example
 * pipe(constantOf([3, 4, 0, 0], 2, 2), normOver(-1)) // → [5, 0]
 */
export const normOver =
  <const A extends readonly number[]>(...axes: A) =>
  <S extends Shape>(x: Tensor<S>): Tensor<Without<S, A>> =>
    tensor(named('normOver', () => normNode(nodeOf(x), axes)));
