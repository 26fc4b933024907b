import { describe, expect, test } from 'vitest';
import type { Inert, Pickled } from './pickleValues.js';
import { treeOf } from './tree.js';

/** An array that counts how often it is read. */
const counted = <A>(array: A[]) => {
  let reads = 0;
  const counting = new Proxy(array, {
    get: (target, field, receiver) => {
      reads += 1;
      return Reflect.get(target, field, receiver);
    },
  });
  return { array: counting, reads: () => reads };
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
      const entries = counted(Array.from({ length: 100 }, (_, i): [Pickled, Pickled] => [i, null]));
      const record: Pickled = { _tag: 'Dict', entries: entries.array };
      const items = Array.from({ length: calls }, () =>
        inert('torch_utils.persistence._reconstruct_persistent_obj', record),
      );
      treeOf('weights', { _tag: 'List', items });
      return entries.reads();
    };
    expect(reads(50)).toBe(reads(1));
  });

  test('has no word for a list of long texts, and does not join them', () => {
    const long = 'x'.repeat(2 ** 24);
    const items = Array.from({ length: 64 }, () => long);
    const names: Pickled = { _tag: 'Tuple', items: ['a', 'b'] };
    const root: Pickled = { _tag: 'Dict', entries: [['long', { _tag: 'Tuple', items }], ['names', names]] }; // oxfmt-ignore
    expect(treeOf('weights', root).metadata).toEqual({ names: '["a","b"]' });
  });

  test.each([
    ['with', 1],
    ['without', 1e-300 / 3],
  ])('reads a list once, however many settings of a module share it, %s a word', (_name, item) => {
    const reads = (settings: number): number => {
      const items = counted(Array.from({ length: 64 }, (): Pickled => item));
      const list: Pickled = { _tag: 'List', items: items.array };
      const entries = Array.from({ length: settings }, (_, i): [Pickled, Pickled] => [`s${i}`, list]);
      for (const name of ['_parameters', '_buffers', '_modules']) entries.push([name, { _tag: 'Dict', entries: [] }]);
      treeOf('weights', { ...inert('torch.nn.Module'), state: { _tag: 'Dict', entries } });
      return items.reads();
    };
    expect(reads(50)).toBe(reads(1));
  });
});
