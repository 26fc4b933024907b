/** Functions of numbers on the host from functions of tensors. */
import { raise, showType } from '../../internal/errors.js';
import { type Node, reachable } from '../graph/node.js';
import { nodeOf, type Shape, type Tensor, tensor } from '../graph/tensor.js';
import { decomposeUnless } from '../composites/decompose.js';
import { input } from '../primitives/index.js';
import { elementFunction } from '../primitives/scalar.js';
import { requireFunction } from '../../internal/parts.js';

/** A function of each element of a tensor: its result has the shape of its argument. */
export type Elementwise = <S extends Shape>(x: Tensor<S>) => Tensor<S>;

/**
 * A function that evaluates the nodes of a graph at a number. Raises `ConfigError` for a node that is not computed
 * element by element.
 */
const evaluating = (x: Node, root: Node): ((number: number) => number) => {
  const steps = reachable([root]).flatMap((n) => (n === x ? [] : [{ n, of: elementFunction(n) ?? refuse(n) }]));
  return (number) => {
    const numbers = new Map<Node, number>([[x, number]]);
    for (const { n, of } of steps) numbers.set(n, of(...n.inputs.map((operand) => numbers.get(operand)!))); // in order
    return numbers.get(root)!;
  };
};

const refuse = (n: Node): never =>
  raise('ConfigError', {
    where: 'onHost',
    expected: 'a function of each element, such as (t) => sub(1, t)',
    actual: `one with the operation ${n.op}, ${showType(n)}`,
    hint: 'use arithmetic, exp, sqrt, sin and the like',
  });

/**
 * Evaluates a function of each element on the host, in float64, so that one definition serves both a program and the
 * constants that the host computes for it. Traces `f` once. Raises `ConfigError` for a function with other operations,
 * such as a sum.
 * @example
 * const halfCosine: Elementwise = (t) => cos(mul(t, Math.PI / 2))
 * onHost(halfCosine)(0.5) // → Math.SQRT1_2
 */
export const onHost = (f: Elementwise): ((x: number) => number) => {
  requireFunction('onHost', f);
  const x = input('x', [2], 'float32'); // two elements, because a sum over one element would be the element itself
  const [root] = decomposeUnless(() => false)([nodeOf(f(tensor<[2], 'float32'>(x)))], [x]);
  return evaluating(x, root!);
};
