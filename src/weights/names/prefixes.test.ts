import { describe, expect, test } from 'vitest';
import { orRaise } from '../../internal/errors.js';
import { describePrefixes, prefixesIn } from './prefixes.js';
import type { StoredShape } from './report.js';
import { namesBy } from './table.js';

const layout = { ours: 'a', theirs: 'a' };
const rows = ['w', 'b', 'c'].map((name) => ({ ours: name, theirs: [`fc.${name}`], older: [`old.${name}`], layout }));
const table = orRaise(namesBy(rows)({ params: { leaves: rows.map(({ ours }) => ({ path: ours, shape: [2] })) } }));
const file = (...names: readonly string[]): ReadonlyMap<string, StoredShape> =>
  new Map(names.map((name) => [name, { dtype: 'F32', shape: name.endsWith('.odd.fc.w') ? [3] : [2] }]));
const below = (prefix: string): readonly string[] => rows.map(({ theirs: [name] }) => prefix + name);
const found = (...names: readonly string[]): string => describePrefixes(table, prefixesIn(table, file(...names)));

describe('the prefixes of a file', () => {
  test.each<readonly [string, readonly string[], string]>([
    ['none, for a file of no prefix', below(''), '"" (all 3 parameters)'],
    ['each that has more than half of the parameters', [...below('a.'), 'b.fc.w', 'b.fc.c', 'c.fc.w'], '"a." (all 3 parameters), "b." (2 of 3 parameters)'],
    ['averages first', [...below('model.'), ...below('model_ema.')], '"model_ema." (averages, all 3 parameters), "model." (all 3 parameters)'],
    ['no averages of the network that lies beside them', [...below('ema.online_model.'), ...below('ema.ema_model.')], '"ema.ema_model." (averages, all 3 parameters), "ema.online_model." (all 3 parameters)'],
    ['those of parallel and compiled modules', below('module._orig_mod.'), '"module._orig_mod." (all 3 parameters)'],
    ['those of older names', ['m.old.w', 'm.old.b', 'm.old.c'], '"m." (all 3 parameters)'],
    ['tensors of another shape', below('x.odd.'), '"x.odd." (all 3 parameters, 1 of another shape)'],
    ['no words that only begin like averages', below('embedding.'), '"embedding." (all 3 parameters)'],
    ['nothing for other names', ['a', 'b.c'], ''],
    ['ten of many, and the number of the others', Array.from({ length: 13 }, (_, i) => below(`p${i}.`)).flat(), `${Array.from({ length: 10 }, (_, i) => `"p${i}." (all 3 parameters)`).join(', ')}, and 3 more`],
  ])('are %s', (_, names, expected) => expect(found(...names)).toBe(expected)); // oxfmt-ignore

  test('take a bounded time for names of any length', () => {
    // comparing each prefix letter by letter would exceed the time limit of all tests
    expect(found('.'.repeat(10 ** 6))).toBe('');
  });
});
