/** Forward-mode derivatives. */
import { open } from './closure.js';
import { differentiate } from './differentiate.js';
import { gradNodes, type Grads } from './grads.js';
import { substitute } from '../graph/node.js';
import { inputLike, zerosLike } from '../primitives/index.js';
import { nodeOf, type Shape, tensor, type Tensor } from '../graph/tensor.js';

/**
 * The value of a function, and its derivative in a direction (a Jacobian-vector product): how the value moves when
 * the argument moves along `tangent`, which has a tensor for each float32 tensor of the argument, null for the
 * others. The pullback of cotangents is linear, and this is its own pullback: what the pullback computes is only
 * needed in it, so that a product costs about as much as the value again. Raises `ShapeError` for a tangent of
 * another shape. The transpose of the transpose: Radul et al. 2022.
 *
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
    // linear in the cotangent, so that its derivative is the same at any
    const from = [...formals, cotangent];
    const [value, moved] = substitute([...outputs, ...along], from, [...actuals, zerosLike(y)]);
    return { value: tensor(value!), tangent: tensor(moved!) };
  };
