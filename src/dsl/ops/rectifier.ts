/** Activations that keep what is positive and flatten what is not; `relu` is in `unary.ts`. */
import { binary, scale, select, unary, zerosLike } from '../primitives/index.js';
import { nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';

/**
 * x where it is not negative, and `slope·x` (0.01, if none is given) below. Maas et al. 2013.
 *
 * @example
 * pipe(constantOf([-1, 2], 2), leakyRelu()) // → [-0.01, 2]
 * pipe(constantOf([-1, 2], 2), leakyRelu(0.2)) // → [-0.2, 2]
 */
export const leakyRelu =
  (slope = 0.01) =>
  <S extends Shape>(x: Tensor<S>): Tensor<S> => {
    const n = nodeOf(x);
    return tensor(select(binary('less', n, zerosLike(n)), scale(n, slope), n));
  };

/**
 * x where it is positive, and `α·(eˣ − 1)` (α = 1, if none is given) below. Clevert et al. 2016.
 *
 * @example
 * pipe(constantOf([-1, 0, 2], 3), elu()) // → [-0.6321, 0, 2]
 */
export const elu =
  (alpha = 1) =>
  <S extends Shape>(x: Tensor<S>): Tensor<S> => {
    const n = nodeOf(x);
    const positive = binary('less', zerosLike(n), n);
    const below = select(positive, zerosLike(n), n); // no overflow where it does not count
    return tensor(select(positive, n, scale(unary('expm1', below), alpha)));
  };
