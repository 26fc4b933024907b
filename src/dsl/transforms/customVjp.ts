/** Functions with a derivative of the user's own. */
import { isFloat, open } from './closure.js';
import { raise } from '../errors.js';
import { gradNodes, type Grads } from './grads.js';
import { type Composite, type Node, reachable, substitute } from '../graph/node.js';
import { composite, inputLike, isInput } from '../primitives/index.js';
import { nodeOf, type Shape, tensor, type Tensor } from '../graph/tensor.js';

/** Refuses what a function captures: a graph that is kept for later derivatives has its own inputs alone. */
const withoutCaptives = (roots: readonly Node[], formals: readonly Node[]): readonly Node[] => {
  const captive = reachable(roots, formals).find(isInput);
  return captive === undefined
    ? roots
    : raise('ConfigError', {
        where: 'customVjp',
        expected: 'functions of numbers in their arguments alone',
        actual: `one that captures ${captive.dtype === 'key' ? 'or takes a key' : 'another tensor'}`,
        hint: 'make what it needs a part of the argument; draw random numbers before',
      });
};

/**
 * A function with a derivative of your own in the place of the one that follows from its operations. `pullback` is
 * given the argument, the value, and a cotangent of it, and gives a cotangent for each float32 tensor of the
 * argument, null for the others. It must be linear in the cotangent; its own derivative follows from its operations,
 * so that there are second derivatives. Neither function may capture tensors of a program, whose derivatives would
 * be lost: raises `ConfigError`; for a cotangent of another shape `ShapeError`.
 *
 * @example
 * // rounds, and lets gradients pass as if it did not
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
    const { result, formals, actuals } = open((q: P) => ({ q, y: f(q) }), p, isNumeric);
    const [y] = withoutCaptives([nodeOf(result.y)], formals) as readonly [Node]; // as many as are given
    const definition: Composite = {
      name: 'customVjp',
      decompose: (inputs) => substitute([y], formals, inputs)[0]!,
      // traced when there is a need for it, so that functions may stand in each other's derivatives
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

const isNumeric = (n: Node): boolean => n.dtype !== 'key';
