import { describe, expect, test } from 'vitest';
import { E } from '../../internal/fp.js';
import { attempt } from '../../internal/errors.js';
import { leaves, mapLeaves, zipLeaves } from './tree.js';

const isNumber = (x: unknown): x is number => typeof x === 'number';

describe('leaves', () => {
  test('lists leaves in insertion order with their paths', () => {
    expect(leaves({ down: [{ conv1: { kernel: 1 } }, { conv1: { kernel: 2 } }], a: 3 }, isNumber)).toEqual([
      { path: 'down.0.conv1.kernel', leaf: 1 },
      { path: 'down.1.conv1.kernel', leaf: 2 },
      { path: 'a', leaf: 3 },
    ]);
  });

  test('gives a tree of one leaf an empty path', () => {
    expect(leaves(5, isNumber)).toEqual([{ path: '', leaf: 5 }]);
  });

  test('skips absent members', () => {
    expect(leaves({ a: undefined, b: null, c: 1 }, isNumber)).toEqual([{ path: 'c', leaf: 1 }]);
  });

  test.each([
    ['a string', 'x', 'string x'],
    ['a map', new Map(), 'Map'],
    ['a typed array', new Float32Array(2), 'Float32Array'],
  ])('rejects %s with its path', (_, intruder, actual) => {
    const result = attempt(() => leaves({ a: [1, intruder] }, isNumber));
    expect(result).toMatchObject(E.left({ _tag: 'ConfigError', where: 'a.1', actual }));
  });
});

describe('mapLeaves', () => {
  test('keeps the structure and absent members', () => {
    const tree = { a: [1, { b: 2 }], c: null, d: undefined };
    expect(mapLeaves(tree, isNumber, (n, path) => `${path}=${n}`)).toEqual({
      a: ['a.0=1', { b: 'a.1.b=2' }],
      c: null,
      d: undefined,
    });
  });

  test('accepts records without a prototype', () => {
    const bare: unknown = Object.assign(Object.create(null), { a: 1 });
    expect(mapLeaves(bare, isNumber, (n) => n + 1)).toEqual({ a: 2 });
  });

  test('of the identity is the identity', () => {
    const tree = { a: [1, { b: 2 }], c: [] };
    expect(mapLeaves(tree, isNumber, (n) => n)).toEqual(tree);
  });
});

test.each([
  ['with a dot', { 'a.b': 1, a: { b: 2 } }],
  ['that is empty', { '': { a: 1 }, a: 2 }],
])('rejects a name %s, because paths must be unique', (_, tree) => {
  expect(attempt(() => leaves(tree, isNumber))).toMatchObject(E.left({ _tag: 'ConfigError' }));
});

describe('zipLeaves', () => {
  const total = zipLeaves(isNumber, (a, others) => others.reduce<number>((sum, b) => sum + (b ?? 0), a));

  test('combines any number of trees leaf by leaf', () => {
    expect(
      total([
        { a: 1, b: [2] },
        { a: 10, b: [20] },
        { a: 100, b: [200] },
      ]),
    ).toEqual({ a: 111, b: [222] });
  });

  test('passes null if a later tree lacks a leaf', () => {
    expect(
      total([
        { a: 1, b: 2 },
        { a: null, b: 20 },
      ]),
    ).toEqual({ a: 1, b: 22 });
  });

  test.each([
    ['a member too few', { a: { x: 1, y: 2 } }, { a: { x: 1 } }],
    ['a member too many', { a: { x: 1 } }, { a: { x: 1, y: 2 } }],
    ['an array for a record', { a: { 0: 1 } }, { a: [1] }],
    ['a leaf for a record', { a: { x: 1 } }, { a: 1 }],
    ['a record for a leaf', { a: 1 }, { a: { x: 1 } }],
  ])('rejects %s with its path', (_, first, other) => {
    expect(attempt(() => total([first, other]))).toMatchObject(E.left({ _tag: 'ConfigError', where: 'a' }));
  });
});

test.each<[string, () => unknown]>([
  ['a tree that contains itself', () => { const tree: Record<string, unknown> = { x: 1 }; tree['a'] = tree; return tree; }],
  ['a tree of 20,000 levels', () => Array.from({ length: 20_000 }).reduce((tree) => ({ a: tree }), 1 as unknown)],
])('%s is refused', (_, tree) => {
  expect(attempt(() => leaves(tree(), isNumber))).toMatchObject(
    E.left({ _tag: 'ConfigError', expected: 'a tree of at most 256 levels', actual: `more, at ${'a.'.repeat(20)}…` }),
  );
}); // oxfmt-ignore
