import { type Distribution, type Node, node } from '../../graph/node.js';
import { demandKey } from '../dtype.js';
import { LEAF, type Primitive } from '../primitive.js';

/** Consumes a key. Element i depends on the key and i alone. */
export const random = (distribution: Distribution, key: Node, shape: readonly number[]): Node => {
  demandKey(distribution, key);
  const isInteger = distribution === 'bits' || distribution === 'permutation';
  return node('random', [key], { distribution }, shape, isInteger ? 'int32' : 'float32');
};

export const randomPrimitive: Primitive<'random'> = {
  rebuild: ({ inputs: [key], attributes: { distribution }, shape }) => random(distribution, key!, shape),
  ...LEAF,
  lowering: { class: 'random', distribution: ({ attributes: { distribution } }) => distribution },
  label: ({ attributes: { distribution } }) => distribution,
};
