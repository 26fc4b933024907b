import { describe, expect, test } from 'vitest';
import type { Inert, Pickled, PickledDict } from './pickleValues.js';
import { treeOf } from './tree.js';

/** A dictionary that counts how often its entries are read. */
const countedDict = (entries: PickledDict['entries']) => {
  let reads = 0;
  const counting = new Proxy(entries, {
    get: (target, field, receiver) => {
      reads += 1;
      return Reflect.get(target, field, receiver);
    },
  });
  return { value: { _tag: 'Dict', entries: counting } as const, reads: () => reads };
};

const inert = (global: string, ...args: readonly Pickled[]): Inert => ({
  _tag: 'Inert',
  global,
  args,
  named: null,
  state: null,
  items: [],
  entries: [],
});

describe('a tree', () => {
  test('reads a dictionary once, however many objects of dnnlib share it', () => {
    const reads = (calls: number): number => {
      const record = countedDict(Array.from({ length: 100 }, (_, i) => [i, null]));
      const items = Array.from({ length: calls }, () =>
        inert('torch_utils.persistence._reconstruct_persistent_obj', record.value),
      );
      treeOf('weights', { _tag: 'List', items });
      return record.reads();
    };
    expect(reads(50)).toBe(reads(1));
  });

  test('has no word for a list of long texts, and does not join them', () => {
    const long = 'x'.repeat(2 ** 24);
    const items = Array.from({ length: 64 }, () => long);
    const names: Pickled = { _tag: 'Tuple', items: ['a', 'b'] };
    const root: Pickled = { _tag: 'Dict', entries: [['long', { _tag: 'Tuple', items }], ['names', names]] }; // prettier-ignore
    expect(treeOf('weights', root).metadata).toEqual({ names: '["a","b"]' });
  });

  test('counts the items of a list for each of its names, with or without a word', () => {
    const list: Pickled = { _tag: 'List', items: Array.from({ length: 64 }, () => 1e-300 / 3) };
    const settings: Pickled = { _tag: 'Dict', entries: Array.from({ length: 1000 }, (_, i) => [`s${i}`, list]) };
    const root: Pickled = { _tag: 'List', items: Array.from({ length: 100 }, () => settings) };
    expect(() => treeOf('weights', root)).toThrow(/expected at most 4194304 values, got more/);
  });
});
