/**
 * Derivatives of functions of tensors. A function is traced over fresh inputs, its graph is differentiated, and the
 * arguments replace the inputs. Captured tensors are therefore constants, and derivatives can be differentiated again.
 */
import { raise, refuseShape, showShape, showType } from '../../internal/errors.js';
import { requireFunction } from '../../internal/parts.js';
import { substitute } from '../graph/node.js';
import { nodeOf, nodesIn, type Scalar, type Shape, tensor, type Tensor, withNodes } from '../graph/tensor.js';
import { full, inputLike, zerosLike } from '../primitives/index.js';
import { differentiate, open } from './differentiate.js';
import { gradNodes, type Grads, gradsOf } from './grads.js';

/**
 * Computes the value of a scalar function, its gradient by the first argument, and its auxiliary results: `f` returns
 * `[value, aux]`, where `aux` is a tree of tensors that are not differentiated, such as the terms of a loss. See
 * {@link valueAndGrad}.
 * @example
 * const loss = (p: { readonly w: Tensor<[3]> }) => {
 *   const [fit, decay] = [sum(square(p.w)), sum(p.w)]
 *   return [add(fit, decay), { fit, decay }] as const
 * }
 * const { value, aux, grad } = valueAuxAndGrad(loss)({ w: constantOf([1, 2, 3], 3) })
 * value // → 20
 * aux // → { fit: 14, decay: 6 }
 * grad // → { w: [3, 5, 7] }
 */
export const valueAuxAndGrad =
  <P, A extends readonly unknown[], X>(f: (p: P, ...rest: A) => readonly [value: Scalar, aux: X]) =>
  (p: P, ...rest: A): { readonly value: Scalar; readonly aux: X; readonly grad: Grads<P> } => {
    requireFunction('valueAndGrad', f);
    const { result, formals, actuals } = open((q: P) => f(q, ...rest), p);
    const y = nodeOf(result[0]);
    if (y.shape.length > 0 || y.dtype !== 'float32')
      raise('ShapeError', {
        where: 'valueAndGrad',
        expected: 'a function to a float32 scalar, []',
        actual: showType(y),
        hint: 'reduce it first (sum, mean), or use vjp with a cotangent',
      });
    const { outputs, gradients } = differentiate([y], [full(1, [])], formals);
    const aux = nodesIn(result[1]);
    const [value, ...others] = substitute([...outputs, ...aux, ...gradients], formals, actuals);
    return {
      value: tensor(value!),
      aux: withNodes(result[1], others) as X, // a tree of the same types
      grad: gradsOf(p, others.slice(aux.length)),
    };
  };

/**
 * Computes the value of a scalar function and its gradient by the first argument, a tree of tensors. The gradient is
 * null for leaves that are not float32. Raises `ShapeError` if the result is not a float32 scalar. Other tensors that
 * the function makes cannot be used outside it: return them with {@link valueAuxAndGrad}.
 * @example
 * const loss = (p: { readonly w: Tensor<[3]> }) => sum(square(p.w))
 * valueAndGrad(loss)({ w: constantOf([1, 2, 3], 3) }) // → { value: 14, grad: { w: [2, 4, 6] } }
 */
export const valueAndGrad =
  <P, A extends readonly unknown[]>(f: (p: P, ...rest: A) => Scalar) =>
  (p: P, ...rest: A): { readonly value: Scalar; readonly grad: Grads<P> } => {
    requireFunction('valueAndGrad', f);
    const { value, grad } = valueAuxAndGrad((q: P, ...others: A) => [f(q, ...others), null] as const)(p, ...rest);
    return { value, grad };
  };

/**
 * Computes the gradient of a scalar function by its first argument; see {@link valueAndGrad}. Gradients can be
 * differentiated again.
 * @example
 * const cube = (x: Scalar) => pow(x, 3)
 * grad(cube)(scalar(2)) // → 12
 * grad(grad(cube))(scalar(2)) // → 12
 * grad((x: Tensor<[3]>) => sum(square(x)))(constantOf([1, 2, 3], 3)) // → [2, 4, 6]
 */
export const grad =
  <P, A extends readonly unknown[]>(f: (p: P, ...rest: A) => Scalar) =>
  (p: P, ...rest: A): Grads<P> =>
    valueAndGrad(f)(p, ...rest).grad;

/**
 * Computes the value of a function, and its vector-Jacobian product: the pullback of a cotangent of the value to the
 * argument. Raises `ShapeError` for a cotangent of another shape.
 * @example
 * const { value, pullback } = vjp((x: Tensor<[3]>) => square(x))(constantOf([1, 2, 3], 3))
 * value // → [1, 4, 9]
 * pullback(constantOf([1, 0, 10], 3)) // → [2, 0, 60]
 */
export const vjp =
  <P, S extends Shape>(f: (p: P) => Tensor<S>) =>
  (p: P): { readonly value: Tensor<S>; readonly pullback: (cotangent: Tensor<NoInfer<S>>) => Grads<P> } => {
    const { result, formals, actuals } = open(requireFunction('vjp', f), p);
    const y = nodeOf(result);
    return {
      value: tensor(substitute([y], formals, actuals)[0]),
      pullback: (cotangent) => {
        const seed = nodeOf(cotangent);
        if (showShape(seed.shape) !== showShape(y.shape))
          refuseShape('vjp', `a cotangent of ${showShape(y.shape)}`, seed.shape, 'give it the shape of the result');
        const { gradients } = differentiate([y], [seed], formals);
        return gradsOf(p, substitute(gradients, formals, actuals));
      },
    };
  };

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
    const { result, formals, actuals } = open(requireFunction('jvp', f), p);
    const y = nodeOf(result);
    const cotangent = inputLike(y);
    const { outputs, gradients } = differentiate([y], [cotangent], formals);
    const { gradients: along } = differentiate(gradients, gradNodes('jvp', p, tangent), [cotangent]);
    // linear in the cotangent, so any cotangent gives the same derivative
    const from = [...formals, cotangent];
    const [value, moved] = substitute([...outputs, ...along], from, [...actuals, zerosLike(y)]);
    return { value: tensor(value!), tangent: tensor(moved!) };
  };
