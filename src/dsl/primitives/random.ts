import { raise, showShape } from '../errors.js';
import { type Distribution, type Node, node } from '../node.js';

const isKey = (op: string, key: Node): void => {
  if (key.dtype !== 'key')
    raise('DTypeError', {
      where: op,
      expected: 'a key',
      actual: `${key.dtype} ${showShape(key.shape)}`,
      hint: "declare the input as 'key'",
    });
};

/** A new key, from a key and 64 bits. */
export const deriveKey = (key: Node, words: readonly [number, number]): Node => {
  isKey('fork', key);
  return node('deriveKey', [key], { words }, [], 'key');
};

/** Consumes a key. Element i depends on the key and i alone. */
export const random = (distribution: Distribution, key: Node, shape: readonly number[]): Node => {
  isKey(distribution, key);
  const integer = distribution === 'bits' || distribution === 'permutation';
  return node('random', [key], { distribution }, shape, integer ? 'int32' : 'float32');
};
