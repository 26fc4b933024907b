/** The hyperbolic sine and cosine. */
import { add, neg, scale, sub, unary } from '../../primitives/index.js';
import { nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';

/**
 * The hyperbolic sine, (eˣ − e⁻ˣ)/2, exact near 0.
 * @example sinh(constantOf([-1, 0, 1], 3)) // → [-1.175, 0, 1.175]
 */
export const sinh = <S extends Shape>(x: Tensor<S>): Tensor<S> => {
  const n = nodeOf(x);
  return tensor(scale(sub(unary('expm1', n), unary('expm1', neg(n))), 0.5));
};

/**
 * The hyperbolic cosine, (eˣ + e⁻ˣ)/2.
 * @example cosh(constantOf([-1, 0, 1], 3)) // → [1.543, 1, 1.543]
 */
export const cosh = <S extends Shape>(x: Tensor<S>): Tensor<S> => {
  const n = nodeOf(x);
  return tensor(scale(add(unary('exp', n), unary('exp', neg(n))), 0.5));
};
