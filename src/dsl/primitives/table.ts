/** The records of all primitives. Passes look up the rules of a node here. */
import { filterGradient } from '../composites/filterGradient.js';
import type { ConstantData, Distribution, Node, Op } from '../graph/node.js';
import * as p from './index.js';
import type { Build, Class, Lowering, Primitive } from './primitive.js';
import { ruleForms } from './shortForms.js';

const primitives: { readonly [K in Op]: Primitive<K> } = { input: p.inputPrimitive, constant: p.constantPrimitive, iota: p.iotaPrimitive,
  deriveKey: p.deriveKeyPrimitive, random: p.randomPrimitive,
  unary: p.unaryPrimitive, binary: p.binaryPrimitive, select: p.selectPrimitive, cast: p.castPrimitive,
  reshape: p.reshapePrimitive, transpose: p.transposePrimitive, broadcast: p.broadcastPrimitive,
  slice: p.slicePrimitive, flip: p.flipPrimitive, pad: p.padPrimitive, concat: p.concatPrimitive,
  reduce: p.reducePrimitive, cumsum: p.cumsumPrimitive, argmax: p.argmaxPrimitive, topKIndices: p.topKIndicesPrimitive,
  gather: p.gatherPrimitive, scatterAdd: p.scatterAddPrimitive, dot: p.dotPrimitive, conv2d: p.conv2dPrimitive,
  barrier: p.barrierPrimitive, stopGradient: p.stopGradientPrimitive, composite: p.compositePrimitive,
}; // prettier-ignore

/** The constructors that rules are given. */
export const build: Build = { ...p, ...ruleForms, filterGradient };

/** The record of the primitive of a node. */
export const primitiveOf = (n: Node): Primitive<Op> =>
  // each record takes the nodes of its own `op`, which this type does not say
  primitives[n.op] as unknown as Primitive<Op>;

/** The name of the operation of a node: `conv2d`, `sigmoid`, `normalize`. */
export const labelOf = (n: Node): string => primitiveOf(n).label?.(n) ?? n.op;

/** The lowering of a node of that class; null for other classes. */
export const loweringAs = <C extends Class>(n: Node, of: C): Extract<Lowering<Node>, { class: C }> | null => {
  const { lowering } = primitiveOf(n);
  // a comparison with a type parameter does not narrow
  return lowering.class === of ? (lowering as Extract<Lowering<Node>, { class: C }>) : null;
};

/** The numbers of a constant; null for other nodes. */
export const dataOf = (n: Node): ConstantData | null => loweringAs(n, 'source')?.data?.(n) ?? null;

/** The distribution that a node draws from; null for other nodes. */
export const drawOf = (n: Node): Distribution | null => loweringAs(n, 'random')?.distribution(n) ?? null;

/** The two words that a derived key folds into its operand; null for other nodes. */
export const wordsOf = (n: Node): readonly [number, number] | null => loweringAs(n, 'key')?.words(n) ?? null;
