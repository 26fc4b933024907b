import { type Node, node } from '../../graph/node.js';
import { demandKey } from '../dtype.js';
import { LEAF, type Primitive } from '../primitive.js';

/** Derives a key from a key and 64 bits. */
export const deriveKey = (key: Node, words: readonly [number, number]): Node => {
  demandKey('fork', key);
  return node('deriveKey', [key], { words }, [], 'key');
};

export const deriveKeyPrimitive: Primitive<'deriveKey'> = {
  rebuild: ({ inputs: [key], attributes: { words } }) => deriveKey(key!, words),
  ...LEAF,
  lowering: { class: 'key', words: ({ attributes: { words } }) => words },
};
