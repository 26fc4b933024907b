import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import type { Mismatch } from '../decode.js';
import { E, F } from '../fp.js';
import { findNonJson, jsonText, parseJson } from './json.js';

const reportFor = E.match(
  ({ path, expected, actual }: Mismatch) => `${path}: expected ${expected}, got ${actual}`,
  () => 'accepted',
);
const reportOf = (value: unknown): string => reportFor(jsonText(value));

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
const cycle: Record<string, unknown> = {};
cycle['a'] = [cycle];
const wide = Array.from({ length: 60 }).reduce<unknown>((inside) => [inside, inside], 0);

describe('rejects values that JSON cannot represent, with their path', () => {
  test('a tree that shares its branches', () => {
    expect(reportOf(wide)).toContain('expected JSON of at most 4194304 characters, got ');
  });

  test.each<readonly [string, unknown, string]>([
    ['undefined', undefined, ': expected JSON, got nothing'],
    ['a function', { loss: () => 0 }, 'loss: expected JSON, got a function'],
    ['a symbol', Symbol('s'), ': expected JSON, got Symbol(s)'],
    ['a bigint', [1, { n: 2n }], '1.n: expected JSON, which has no bigints, got 2'],
    ['NaN', { rate: NaN }, 'rate: expected a finite number, got NaN'],
    ['infinity', [-Infinity], '0: expected a finite number, got -Infinity'],
    ['undefined in an array', [1, undefined], '1: expected JSON, got nothing'],
    ['a hole', [1, , 2], '1: expected JSON, got nothing'], // oxlint-disable-line no-sparse-arrays
    ['a date', { at: new Date(0) }, 'at: expected JSON, which has no Date, got an object'],
    ['a map', new Map(), ': expected JSON, which has no Map, got an object'],
    ['a typed array', Float32Array.of(1), ': expected JSON, which has no Float32Array, got a Float32Array'],
    ['a cycle', cycle, 'a.0: expected JSON, which has no cycles, got an object'],
    ['depth', nested(101), `${'0.'.repeat(99)}0: expected JSON of at most 100 levels, got an array of 1`],
    ['a long text', 'x'.repeat(2 ** 22), ': expected JSON of at most 4194304 characters, got 4194306'],
    ['a longer text', { a: 'x'.repeat(5e6) }, 'a: expected JSON of at most 4194304 characters, got "xxx'],
    ['a long name', { ['x'.repeat(5e6)]: null }, ': expected JSON of at most 4194304 characters, got null'],
    ['a toJSON method', [{ toJSON: () => 1 }], '0: expected JSON, without toJSON methods and symbols, got an object'],
    [
      'a symbol as a field name',
      { [Symbol('s')]: 1 },
      ': expected JSON, without toJSON methods and symbols, got an object',
    ],
    [
      'a getter that throws',
      Object.defineProperty({}, 'a', { enumerable: true, get: () => cycle['b']!.toString() }),
      ': expected JSON without getters that throw, got an object',
    ],
  ])('%s', (_name, value, report) => {
    expect(reportOf(value)).toContain(report);
    expect(findNonJson(value)).not.toBe(null);
  });
});

describe('accepted values survive a round trip', () => {
  test.prop([fc.jsonValue({ noUnicodeString: false })])('JSON', (value) => {
    const back = F.pipe(jsonText(value), E.flatMap(parseJson));
    expect(back).toEqual(E.right(JSON.parse(JSON.stringify(value))));
  });

  test.prop(
    [
      fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withSparseArray: true,
        withTypedArray: true,
        withNullPrototype: true,
        withObjectString: true,
        withBoxedValues: true,
      }),
    ],
    { numRuns: 500 },
  )('any value, except undefined fields and negative zeros', (value) => {
    const back = F.pipe(jsonText(value), E.flatMap(parseJson));
    if (E.isRight(back)) expect(JSON.stringify(back.right)).toBe(JSON.stringify(value));
    if (E.isRight(back)) expect([back.right]).toEqual([positive(value)]);
  });

  test('omits fields that are undefined', () => {
    expect(jsonText({ a: undefined, b: 1 })).toEqual(E.right('{"b":1}'));
  });
});

/** Replaces negative zeros. */
const positive = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(positive);
  if (typeof value === 'number') return value + 0;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, positive(field)]));
};

describe('parseJson', () => {
  test.each([
    ['[1', ': expected JSON, got "[1"'],
    ['['.repeat(200), ': expected JSON of at most 100 levels, got more'],
    [' '.repeat(2 ** 22 + 1), ': expected JSON of at most 4194304 characters, got 4194305'],
  ])('%#: %.20s', (text, report) => {
    expect(reportFor(parseJson(text))).toBe(report);
  });

  test('does not count brackets inside a string as levels', () => {
    const text = JSON.stringify(['"['.repeat(500), '\\'.repeat(3)]);
    expect(parseJson(text)).toEqual(E.right(JSON.parse(text)));
  });
});
