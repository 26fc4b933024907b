import { binary, full, mul, reduce, select, unary, zerosLike } from '../primitives/index.js';
import type { Without } from '../shape.js';
import { nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';

/**
 * The 2-norm √Σx² over some axes, which disappear; over all, if none is given. Its gradient x/‖x‖ is 0 where
 * x is.
 *
 * @example
 * pipe(constantOf([3, 4, 0, 0], 2, 2), norm(-1)) // → [5, 0]
 * pipe(constantOf([2, 4, 4], 3), norm()) // → 6
 */
export const norm =
  <const A extends readonly number[]>(...axes: A) =>
  <S extends Shape>(x: Tensor<S>): Tensor<A extends readonly [] ? [] : Without<S, A>> => {
    const n = nodeOf(x);
    const square = reduce('sum', mul(n, n), axes.length === 0 ? n.shape.map((_, axis) => axis) : axes);
    const none = binary('equal', square, zerosLike(square));
    const root = unary('sqrt', select(none, full(1, square.shape), square)); // √ has no slope at 0
    return tensor(select(none, zerosLike(root), root));
  };
