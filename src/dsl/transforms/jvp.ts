/** Forward-mode derivatives. */
import { open } from './closure.js';
import { differentiate } from './differentiate.js';
import { gradNodes, type Grads } from './grads.js';
import { substitute } from '../graph/node.js';
import { inputLike, zerosLike } from '../primitives/index.js';
import { nodeOf, type Shape, tensor, type Tensor } from '../graph/tensor.js';

/**
 * Computes the value of a function and its directional derivative (Jacobian-vector product) along `tangent`, which has a
 * tensor for each float32 tensor of the argument, null for the others. It is the pullback of the pullback, which is linear
 * in the cotangent (Radul et al. 2022). The result does not need the values of the first pullback, so it costs about as
 * much as the value itself. Raises `ShapeError` for a tangent of another shape.
 * @example
 * const along = jvp((x: Tensor<[3]>) => square(x))
 * const { value, tangent } = along(constantOf([1, 2, 3], 3), constantOf([1, 0, 10], 3))
 * value // → [1, 4, 9]
 * tangent // → [2, 0, 60]
 */
export const jvp =
  <P, S extends Shape>(f: (p: P) => Tensor<S>) =>
  (p: P, tangent: Grads<NoInfer<P>>): { readonly value: Tensor<S>; readonly tangent: Tensor<S> } => {
    const { result, formals, actuals } = open(f, p);
    const y = nodeOf(result);
    const cotangent = inputLike(y);
    const { outputs, gradients } = differentiate([y], [cotangent], formals);
    const { gradients: along } = differentiate(gradients, gradNodes('jvp', p, tangent), [cotangent]);
    // linear in the cotangent, so any cotangent gives the same derivative
    const from = [...formals, cotangent];
    const [value, moved] = substitute([...outputs, ...along], from, [...actuals, zerosLike(y)]);
    return { value: tensor(value!), tangent: tensor(moved!) };
  };
