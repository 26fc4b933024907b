import type { StorageByName } from '../compile/storing.js';
import { isBranch, leaves } from '../types/tree.js';
import { isValue, valueStorage } from './value.js';

/** The option of `compile` for inputs of 16 bits, by path. */
export interface StorageOption {
  readonly storage?: StorageByName;
}

const isNoBranch = (x: unknown): x is unknown => isValue(x) || !isBranch(x);

/**
 * Makes the option of `compile` for a tree of values. The tree is an input or a part of an input, and `at` is its path.
 * The option has the storage of each value of 16 bits; it is empty if no value has 16 bits.
 */
export const storedIn = (at: string, tree: unknown): StorageOption => {
  const entries = leaves(tree, isNoBranch).flatMap(({ path, leaf }) => {
    const storage = isValue(leaf) ? valueStorage(leaf) : 'float32';
    return storage === 'float32' ? [] : [[at === '' || path === '' ? at + path : `${at}.${path}`, storage]];
  });
  return entries.length === 0 ? {} : { storage: Object.fromEntries(entries) };
};
