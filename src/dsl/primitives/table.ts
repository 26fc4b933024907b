/** The records of all primitives. A pass that asks something about a node looks it up here. */
import { filterGradient } from '../composites/filterGradient.js';
import type { ConstantData, Distribution, Node, Op } from '../node.js';
import { binaryPrimitive } from './elementwise/binary.js';
import { castPrimitive } from './elementwise/cast.js';
import { selectPrimitive } from './elementwise/select.js';
import { unaryPrimitive } from './elementwise/unary.js';
import { conv2dPrimitive } from './linear/conv2d.js';
import { dotPrimitive } from './linear/dot.js';
import { gatherPrimitive } from './linear/gather.js';
import { scatterAddPrimitive } from './linear/scatterAdd.js';
import { barrierPrimitive } from './marker/barrier.js';
import { compositePrimitive } from './marker/composite.js';
import { stopGradientPrimitive } from './marker/stopGradient.js';
import { broadcastPrimitive } from './movement/broadcast.js';
import { concatPrimitive } from './movement/concat.js';
import { flipPrimitive } from './movement/flip.js';
import { padPrimitive } from './movement/pad.js';
import { reshapePrimitive } from './movement/reshape.js';
import { slicePrimitive } from './movement/slice.js';
import { transposePrimitive } from './movement/transpose.js';
import { argmaxPrimitive } from './reduction/argmax.js';
import { cumsumPrimitive } from './reduction/cumsum.js';
import { reducePrimitive } from './reduction/reduce.js';
import { topKIndicesPrimitive } from './reduction/topKIndices.js';
import { constantPrimitive } from './source/constant.js';
import { deriveKeyPrimitive } from './source/deriveKey.js';
import { inputPrimitive } from './source/input.js';
import { iotaPrimitive } from './source/iota.js';
import { randomPrimitive } from './source/random.js';
import * as constructors from './index.js';
import type { Build, Primitive } from './primitive.js';

const primitives: { readonly [K in Op]: Primitive<K> } = {
  input: inputPrimitive,
  constant: constantPrimitive,
  iota: iotaPrimitive,
  deriveKey: deriveKeyPrimitive,
  random: randomPrimitive,
  unary: unaryPrimitive,
  binary: binaryPrimitive,
  select: selectPrimitive,
  cast: castPrimitive,
  reshape: reshapePrimitive,
  transpose: transposePrimitive,
  broadcast: broadcastPrimitive,
  slice: slicePrimitive,
  flip: flipPrimitive,
  pad: padPrimitive,
  concat: concatPrimitive,
  reduce: reducePrimitive,
  cumsum: cumsumPrimitive,
  argmax: argmaxPrimitive,
  topKIndices: topKIndicesPrimitive,
  gather: gatherPrimitive,
  scatterAdd: scatterAddPrimitive,
  dot: dotPrimitive,
  conv2d: conv2dPrimitive,
  barrier: barrierPrimitive,
  stopGradient: stopGradientPrimitive,
  composite: compositePrimitive,
};

/** What rules are built with. */
export const build: Build = { ...constructors, filterGradient };

/** The record of the primitive of a node. */
export const primitiveOf = (n: Node): Primitive<Op> =>
  // which of the records it is, the type of `op` says, but not to a function of any node
  primitives[n.op] as unknown as Primitive<Op>;

/** The operation of a node in a word: `conv2d`, `sigmoid`, `normalize`. */
export const labelOf = (n: Node): string => primitiveOf(n).label?.(n) ?? n.op;

/** The numbers of a constant; null of any other node. */
export const dataOf = (n: Node): ConstantData | null => {
  const { lowering } = primitiveOf(n);
  return lowering.class === 'source' ? (lowering.data?.(n) ?? null) : null;
};

/** The distribution that a node draws from; null where it draws nothing. */
export const drawOf = (n: Node): Distribution | null => {
  const { lowering } = primitiveOf(n);
  return lowering.class === 'random' ? lowering.distribution(n) : null;
};

/** The words that a key derived from another one folds into it; null of any other node. */
export const wordsOf = (n: Node): readonly [number, number] | null => {
  const { lowering } = primitiveOf(n);
  return lowering.class === 'key' ? lowering.words(n) : null;
};
