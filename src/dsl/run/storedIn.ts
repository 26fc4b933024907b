import type { StorageByName } from '../compile/storing.js';
import { isBranch, leaves } from '../types/tree.js';
import { isValue, valueStorage } from './value.js';

/** The option of `compile` for stored inputs, by path. */
export interface StorageOption {
  readonly storage?: StorageByName;
}

const isNoBranch = (x: unknown): x is unknown => isValue(x) || !isBranch(x);

/** The option for inputs that have a tree at the path `at`, of which values are stored in 16 bits; none if there are none. */
export const storedIn = (at: string, tree: unknown): StorageOption => {
  const stored = leaves(tree, isNoBranch).flatMap(({ path, leaf }) => {
    const storage = isValue(leaf) ? valueStorage(leaf) : 'float32';
    return storage === 'float32' ? [] : [[at === '' || path === '' ? at + path : `${at}.${path}`, storage]];
  });
  return stored.length === 0 ? {} : { storage: Object.fromEntries(stored) };
};
