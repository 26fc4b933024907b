/** Functions of numbers on the host from functions of tensors. */
import { raise, showType } from '../../internal/errors.js';
import { type Node, reachable } from '../graph/node.js';
import type { NumberType } from '../graph/region.js';
import { nodeOf, type Shape, type Tensor, tensor } from '../graph/tensor.js';
import { decomposeUnless } from '../composites/decompose.js';
import { input } from '../primitives/index.js';
import { castFunction } from '../primitives/casts.js';
import { binaryFunction, unaryFunction } from '../primitives/scalar.js';
import { requireFunction } from '../../internal/parts.js';

/** A function of each element of a tensor: its result has the shape of its argument. */
export type Elementwise = <S extends Shape>(x: Tensor<S>) => Tensor<S>;

/** The number of a node from those of its operands. Raises `ConfigError` for a node that is not computed element by element. */
const numberOf = (n: Node, operands: readonly number[]): number => {
  const [a = 0, b = 0, c = 0] = operands;
  const dtype = n.inputs[0]?.dtype as NumberType; // an operand of these is no key
  if (n.op === 'constant' && n.attributes.data.length === 1) return n.attributes.data[0]!;
  if (n.op === 'unary') return unaryFunction(n.attributes.fn, dtype)(a);
  if (n.op === 'binary') return binaryFunction(n.attributes.fn, dtype)(a, b);
  if (n.op === 'select') return a === 0 ? c : b;
  if (n.op === 'cast') return castFunction(dtype, n.dtype as NumberType)(a); // a key is not cast
  if (n.op === 'reshape' || n.op === 'broadcast' || n.op === 'stopGradient') return a;
  return raise('ConfigError', {
    where: 'onHost',
    expected: 'a function of each element, such as (t) => sub(1, t)',
    actual: `one with the operation ${n.op}, ${showType(n)}`,
    hint: 'use arithmetic, exp, sqrt, sin and the like',
  });
};

/**
 * Evaluates a function of each element on the host, in float64: the same definition serves a program and the numbers that it is
 * made from. Traces `f` once. Raises `ConfigError` for a function with other operations, such as a sum.
 * @example
 * const halfCosine: Elementwise = (t) => cos(mul(t, Math.PI / 2))
 * onHost(halfCosine)(0.5) // → Math.SQRT1_2
 */
export const onHost = (f: Elementwise): ((x: number) => number) => {
  requireFunction('onHost', f);
  const x = input('x', [2], 'float32'); // a sum of one number would be that number
  const [root] = decomposeUnless(() => false)([nodeOf(f(tensor<[2], 'float32'>(x)))], [x]);
  const order = reachable([root!]);
  return (number) => {
    const numbers = new Map<Node, number>([[x, number]]);
    for (const n of order)
      if (n !== x)
        numbers.set(
          n,
          numberOf(
            n,
            (n.inputs as readonly Node[]).map((operand) => numbers.get(operand)!),
          ),
        );
    return numbers.get(root!)!;
  };
};
