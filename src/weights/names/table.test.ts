import { describe, expect, test } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import type { Layout } from './layout.js';
import type { WeightRow } from './rows.js';
import { namesBy } from './table.js';

const model = {
  params: {
    leaves: [
      { path: 'w', shape: [2, 6] },
      { path: 'b', shape: [6] },
    ],
  },
};
const w: WeightRow = { ours: 'w', theirs: ['fc.weight'], layout: { ours: 'i o', theirs: 'o i' } };
const b: WeightRow = { ours: 'b', theirs: ['fc.bias'], layout: { ours: 'c', theirs: 'c' } };

/** The error message for invalid rows. */
const refusal = (...rows: readonly unknown[]): string => {
  const table = namesBy(rows as readonly WeightRow[])(model);
  return table._tag === 'Left' ? `${table.left._tag} ${table.left.message}` : 'none';
};

describe('rows of your own', () => {
  test('give the names and shapes of the other project', () => {
    const stacked = { ours: 'w', theirs: ['q', 'k', 'v'], layout: { ours: 'i (part o)', theirs: 'part o i', sizes: { part: 3 } } }; // oxfmt-ignore
    const { entries } = right(namesBy([stacked, b])(model));
    expect(entries.map(({ theirs, theirShape }) => [theirs, theirShape])).toEqual([
      [
        ['q', 'k', 'v'],
        [2, 2],
      ],
      [['fc.bias'], [6]],
    ]);
  });

  test('need a layout only for a parameter of several axes', () => {
    const bare = { ours: 'b', theirs: ['fc.bias'] };
    expect(right(namesBy([w, bare])(model))).toEqual(right(namesBy([w, { ...bare, layout: { ours: 'a0', theirs: 'a0' } }])(model))); // oxfmt-ignore
    expect(refusal({ ours: 'w', theirs: ['fc.weight'] }, bare)).toBe(
      "ConfigError namesBy: w: expected a layout of the shape [2, 6], got none; name the same axes on both sides, such as { ours: 'i o', theirs: 'o i' }",
    );
  });

  test('with one name for two parameters are refused: a file would lose one of them', () => {
    expect(refusal(w, { ...b, theirs: ['fc.weight'] })).toMatch(
      /^ConfigError namesBy: b: .*got fc\.weight, the name of w;/,
    );
  });

  test('of one parameter twice are refused', () => {
    expect(refusal(w, w, b)).toMatch(/^ConfigError namesBy: w: expected one row for each parameter, got two rows/);
  });

  test.each<[string, Layout]>([
    ['an axis that the other side lacks', { ours: 'i o', theirs: 'o j' }],
    ['an axis twice', { ours: 'i i', theirs: 'i i' }],
    ['another number of axes', { ours: 'i o h', theirs: 'o i h' }],
    ['two sizes that do not follow from the shape', { ours: 'i (a b)', theirs: 'a b i' }],
    ['a size that does not divide', { ours: 'i (a b)', theirs: 'a b i', sizes: { a: 4 } }],
    ['a size that is not a number of positions', { ours: 'i (a b)', theirs: 'a b i', sizes: { a: 0 } }],
  ])('whose layout has %s are refused, naming the parameter', (_, layout) => {
    expect(refusal({ ...w, layout }, b)).toMatch(/^ConfigError namesBy: w: /);
  });

  test.each<[string, object]>([
    ['no name', { theirs: [] }],
    ['a name twice', { theirs: ['a', 'a'], layout: { ours: '(p i) o', theirs: 'p o i', sizes: { p: 2 } } }],
    ['more names than parts', { theirs: ['a', 'b', 'c'], layout: { ours: 'i o', theirs: 'i o' } }],
    ['fewer older names', { older: [] }],
  ])('with %s are refused, naming the parameter', (_, change) => {
    expect(refusal({ ...w, ...change }, b)).toMatch(/^ConfigError namesBy: w: /);
  });

  test('with unknown fields or wrong types are refused, naming their position', () => {
    expect(refusal(w, { ...b, theirs: 'fc.bias' })).toMatch(/^ConfigError namesBy\.1\.theirs: /);
    expect(refusal(w, { ...b, layout: 'c' })).toMatch(/^ConfigError namesBy\.1\.layout: /);
  });
});
