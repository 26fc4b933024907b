/** Evaluates graphs in float64, one node after the other. This defines the meaning of a program. */
import { libraryRule } from '../../src/backends/reference/library.js';
import type { KeyWords } from '../../src/dsl/plan/backend.js';
import { type LibraryNode } from '../../src/dsl/plan/plan.js';
import { type Node, reachable } from '../../src/dsl/graph/node.js';
import { sizeOf } from '../../src/internal/numbers.js';
import { decompose } from '../../src/dsl/composites/decompose.js';
import type { NumberType } from '../../src/dsl/graph/region.js';
import { deriveWords, randomInto } from '../../src/internal/numerics/threefry.js';
import { ORIGIN, whole } from './plans.js';

export interface Tensor {
  readonly data: Float64Array;
  readonly shape: readonly number[];
  readonly dtype: NumberType;
}

/** One primitive on dense tensors, as the reference computes it. */
export const evaluatePrimitive = (
  node: LibraryNode,
  inputs: readonly Tensor[],
  { shape, dtype }: Omit<Tensor, 'data'>,
): Float64Array => {
  const result = new Float64Array(sizeOf(shape));
  const kernel = libraryRule({
    kind: 'library',
    origin: ORIGIN,
    node,
    inputs: inputs.map((x, i) => whole(i, x.shape, x.dtype)),
    output: whole(inputs.length, shape, dtype),
  });
  if (kernel === null) throw new Error(`the reference has no ${node.op}`);
  kernel.run({
    arrays: [...inputs.map(({ data }) => data), result],
    addresses: [],
    keys: [],
    refresh: () => {},
  });
  return result;
};

/** A function applied to the result of each node: the identity, or a model of rounding. */
export type Touch = (result: Float64Array, n: Node) => Float64Array;

/** The values of all nodes below some roots; composites stand for their decompositions. */
export const evaluate = (
  roots: readonly Node[],
  inputs: Readonly<Record<string, Float64Array>>,
  keys: Readonly<Record<string, KeyWords>>,
  touch: Touch = (result) => result,
): { readonly outputs: readonly Float64Array[]; readonly all: ReadonlyMap<Node, Float64Array> } => {
  const plain = decompose(roots, []);
  const values = new Map<Node, Float64Array>();
  const keyOf = (n: Node): KeyWords => {
    if (n.op === 'input') return keys[n.attributes.path]!;
    if (n.op === 'deriveKey') return deriveWords(keyOf(n.inputs[0]!), n.attributes.words);
    throw new Error(`${n.op} makes no key`);
  };
  const valueOf = (n: Node): Float64Array => {
    if (n.op === 'input') return inputs[n.attributes.path]!;
    if (n.op === 'random') {
      const numbers = new Float64Array(sizeOf(n.shape));
      randomInto(n.attributes.distribution, keyOf(n.inputs[0]!), numbers);
      return numbers;
    }
    const operands = n.inputs.map((x): Tensor => ({ data: values.get(x)!, shape: x.shape, dtype: numberType(x) })); // oxfmt-ignore
    // the op and the attributes of one node belong together
    const node = { op: n.op, attributes: n.attributes } as LibraryNode;
    return evaluatePrimitive(node, operands, { shape: n.shape, dtype: numberType(n) });
  };
  for (const n of reachable(plain)) if (n.dtype !== 'key') values.set(n, touch(valueOf(n), n));
  return { outputs: plain.map((n) => values.get(n)!), all: values };
};

const numberType = ({ dtype }: Node): NumberType => {
  if (dtype === 'key') throw new Error('a key has no numbers');
  return dtype;
};
