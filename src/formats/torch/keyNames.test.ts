import { describe, expect, test } from 'vitest';
import { keyNames } from './keyNames.js';
import type { Inert, Pickled } from './pickleValues.js';

const tuple = (...items: readonly Pickled[]): Pickled => ({ _tag: 'Tuple', items });
const path = (...args: readonly Pickled[]): Inert => ({ _tag: 'Inert', global: 'pathlib.Path', args, named: null, state: null, items: [], entries: [] }); // oxfmt-ignore
const namesOf = (...keys: readonly Pickled[]): readonly string[] => [...keyNames(keys).values()];

describe('the names of keys', () => {
  test('are texts as they are, and others as Python writes them', () => {
    expect(namesOf('a.b', '', 0, -1.5, 2n ** 70n, null, true)).toEqual(['a.b', '', '0', '-1.5', `${2n ** 70n}`, 'None', 'True']);
    expect(namesOf(tuple('conv', 0), tuple(1), tuple(), tuple(tuple('a', null), false))).toEqual(["('conv', 0)", '(1,)', '()', "(('a', None), False)"]);
    expect(namesOf(path('a'), path('b'), { _tag: 'Global', global: 'torch.float32' })).toEqual(["pathlib.Path('a')", "pathlib.Path('b')", 'torch.float32']);
    expect(namesOf({ _tag: 'Set', items: [1] }, { _tag: 'Bytes', at: 7, length: 1 })).toEqual(['{1}', 'bytes at 7']);
  });

  test('differ for a text and a key that is written like it', () => {
    expect(namesOf(0, '0', '1')).toEqual(['0', "'0'", '1']);
    expect(namesOf('None', null, "('a',)", tuple('a'))).toEqual(["'None'", 'None', "'(\\'a\\',)'", "('a',)"]);
  });

  test('are cut, whatever a key holds', () => {
    const long = tuple(...Array.from({ length: 10_000 }, () => 'x'.repeat(1000)));
    let deep: Pickled = tuple('x');
    for (let i = 0; i < 60; i++) deep = tuple(deep, deep);
    for (const name of namesOf(long, deep, tuple(...Array.from({ length: 1000 }, () => deep)))) expect(name.length).toBeLessThan(252);
  });
}); // oxfmt-ignore
