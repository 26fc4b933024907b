/** Functions with a user-defined derivative. */
import { isFloat, open } from './differentiate.js';
import { raise } from '../../internal/errors.js';
import { requireFunction } from '../../internal/parts.js';
import { gradNodes, type Grads } from './grads.js';
import { type Composite, type Node, reachable, substitute } from '../graph/node.js';
import { composite, inputLike, isInput } from '../primitives/index.js';
import { nodeOf, type Shape, tensor, type Tensor } from '../graph/tensor.js';

/** Raises `ConfigError` if a function captures tensors: the graph may only depend on `formals`. */
const withoutCaptives = (roots: readonly Node[], formals: readonly Node[]): readonly Node[] => {
  const captive = reachable(roots, new Set(formals)).find(isInput);
  return captive === undefined
    ? roots
    : raise('ConfigError', {
        where: 'customVjp',
        expected: 'functions that depend only on numbers in their arguments',
        actual: `one that captures ${captive.dtype === 'key' ? 'or takes a key' : 'another tensor'}`,
        hint: 'pass other tensors as a part of the argument; draw random numbers outside',
      });
};

/**
 * Replaces the derivative of a function. `pullback` takes the argument, the value and a cotangent of the value. It returns
 * a cotangent for each float32 tensor of the argument, null for the others, and must be linear in the cotangent. It is
 * differentiated for second derivatives. Raises `ConfigError` if a function captures a tensor of a program, whose
 * derivative would be lost, and `ShapeError` for a cotangent of another shape.
 * @example
 * // rounds, with the gradient of the identity
 * const straightThrough = customVjp((x: Tensor<[3]>) => round(x), () => (cotangent) => cotangent)
 * const xs = constantOf([0.2, 1.7, 2.6], 3)
 * straightThrough(xs) // → [0, 2, 3]
 * grad((x: Tensor<[3]>) => sum(square(straightThrough(x))))(xs) // → [0, 4, 6]
 */
export const customVjp =
  <P, S extends Shape>(
    f: (p: P) => Tensor<S>,
    pullback: (p: P, value: Tensor<S>) => (cotangent: Tensor<S>) => Grads<NoInfer<P>>,
  ) =>
  (p: P): Tensor<S> => {
    requireFunction('customVjp', f);
    requireFunction('customVjp', pullback);
    const isFresh = ({ dtype }: Node): boolean => dtype !== 'key';
    const { result, formals, actuals } = open((q: P) => ({ q, y: f(q) }), p, isFresh);
    const [y] = withoutCaptives([nodeOf(result.y)], formals) as readonly [Node]; // one for each root
    const definition: Composite = {
      name: 'customVjp',
      decompose: (inputs) => substitute([y], formals, inputs)[0],
      // traced on demand, so that functions may use each other in their derivatives
      derivative: (inputs, output, cotangent) => {
        const [value, seed] = [inputLike(output), inputLike(cotangent)];
        const grads = pullback(result.q, tensor(value))(tensor(seed));
        const own = [...formals, value, seed];
        const nodes = withoutCaptives(gradNodes('customVjp', result.q, grads), own);
        const cotangents = substitute(nodes, own, [...inputs, output, cotangent]);
        const floats = formals.filter(isFloat);
        return formals.map((formal) => cotangents[floats.indexOf(formal)] ?? null);
      },
    };
    return tensor(composite(definition, actuals));
  };
