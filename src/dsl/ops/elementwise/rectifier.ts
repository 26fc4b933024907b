/** Activations that are linear above zero; `relu` is in `unary.ts`. */
import { dual, type OneErrorOfOne } from '../../dual.js';
import { binary, scale, select, unary, zerosLike } from '../../primitives/index.js';
import { type AnyTensor, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import { startsWithTensor } from '../operand.js';

/** An activation with an optional number. */
type Activation = OneErrorOfOne & {
  (parameter?: number): <S extends Shape>(x: Tensor<S>) => Tensor<S>;
  <S extends Shape>(x: Tensor<S>, parameter?: number): Tensor<S>;
};

/**
 * x where x ≥ 0, and `slope`·x (default 0.01) below. Maas et al. 2013.
 * @example
 * leakyRelu(constantOf([-1, 2], 2)) // → [-0.01, 2]
 * pipe(constantOf([-1, 2], 2), leakyRelu(0.2)) // → [-0.2, 2]
 */
export const leakyRelu: Activation = dual(
  'leakyRelu',
  startsWithTensor,
  (x: AnyTensor, slope = 0.01) => {
    const n = nodeOf(x);
    return tensor(select(binary('less', n, zerosLike(n)), scale(n, slope), n));
  },
  2,
);

/**
 * x where x > 0, and α·(eˣ − 1) (default α = 1) below. Clevert et al. 2016.
 * @example elu(constantOf([-1, 0, 2], 3)) // → [-0.6321, 0, 2]
 */
export const elu: Activation = dual(
  'elu',
  startsWithTensor,
  (x: AnyTensor, alpha = 1) => {
    const n = nodeOf(x);
    const positive = binary('less', zerosLike(n), n);
    const below = select(positive, zerosLike(n), n); // keeps e^x from overflowing where x is positive
    return tensor(select(positive, n, scale(unary('expm1', below), alpha)));
  },
  2,
);
