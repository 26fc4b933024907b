import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { decode, exactly, exactTuple, explained, finite, natural } from './decode.js';
import { E, F, t } from './fp.js';

const reportOf = (codec: t.Mixed, value: unknown): string =>
  E.match(
    ({ path, expected, actual }: { path: string; expected: string; actual: string }) =>
      `${path}: expected ${expected}, got ${actual}`,
    () => 'accepted',
  )(decode(codec)(value));

const layer = exactly({ shape: t.array(natural), dtype: t.union([t.literal('F32'), t.literal('I32')]) });

describe('decode reports the path to the first mismatch', () => {
  test.each([
    [{ a: { shape: [2, 3], dtype: 'F32' } }, 'accepted'],
    [{ a: { shape: [2, -3], dtype: 'F32' } }, 'a.shape.1: expected an integer ≥ 0, got -3'],
    [{ a: { shape: [2, 0.5], dtype: 'F32' } }, 'a.shape.1: expected an integer ≥ 0, got 0.5'],
    [{ a: { shape: { 0: 1 }, dtype: 'F32' } }, 'a.shape: expected Array<an integer ≥ 0>, got an object'],
    [{ a: { shape: [], dtype: 'F16' } }, 'a.dtype: expected ("F32" | "I32"), got "F16"'],
    [{ a: { shape: [] } }, 'a.dtype: expected ("F32" | "I32"), got nothing'],
    [{ a: [1, 2] }, 'a: expected { shape, dtype }, got an array of 2'],
    [null, ': expected { [K in string]: { shape, dtype } }, got null'],
  ])('%j', (value, report) => {
    expect(reportOf(t.record(t.string, layer), value)).toBe(report);
  });

  test('shortens long strings', () => {
    expect(reportOf(t.number, 'x'.repeat(1000)).length).toBeLessThan(100);
  });
});

describe('exactTuple', () => {
  const codec = exactTuple([natural, t.string], '[count, name]');

  test.each([
    [[1, 'a'], 'accepted'],
    [[1, 'a', 2], ': expected [count, name], got an array of 3'],
    [[1], '1: expected string, got nothing'],
    [[-1, 'a'], '0: expected an integer ≥ 0, got -1'],
    ['1a', ': expected [count, name], got "1a"'],
  ])('%j', (value, report) => {
    expect(reportOf(codec, value)).toBe(report);
    expect(codec.is(value)).toBe(report === 'accepted');
  });
});

describe('exactly', () => {
  const codec = exactly({ a: finite }, { b: t.string });

  test('accepts its fields, with or without the optional ones', () => {
    expect(decode(codec)({ a: 1 })).toEqual(E.right({ a: 1 }));
    expect(decode(codec)({ a: 1, b: 'x' })).toEqual(E.right({ a: 1, b: 'x' }));
  });

  test.prop([fc.string().filter((name) => name !== 'a' && name !== 'b')])('rejects any other field', (name) => {
    const value: unknown = JSON.parse(`{"a":1,${JSON.stringify(name)}:2}`);
    expect(reportOf(codec, value)).toMatch(/: expected one of the fields a, b, got an unknown field$/);
    expect(codec.is(value)).toBe(false);
  });

  test('accepts only an empty object if it has no fields', () => {
    expect(reportOf(exactly({}), { a: 1 })).toBe('a: expected no fields, got an unknown field');
  });

  test.each([
    [{ B: 'x' }, 'B: expected one of the fields a, b, got an unknown field; did you mean b? hint'],
    [{ a: 1, c: 1 }, 'c: expected one of the fields a, b, got an unknown field; hint'],
    [{}, 'a: expected a finite number, got nothing; hint'],
    [{ a: 1, [`b"${'b'.repeat(100)}`]: 1 }, '"b\\"'],
  ])('%j: reports an unknown field by name, before a missing one', (value, report) => {
    const told = F.pipe(decode(codec)(value), E.mapLeft(explained('', 'hint')));
    const { where = '', expected, actual, hint } = E.isLeft(told) ? told.left : {};
    expect(`${where.replace('.', '')}: expected ${expected}, got ${actual}; ${hint}`).toContain(report);
  });

  test.each([
    [{ images: 1, strenght: 1 }, 'strenght: expected one of the fields images, strength, got an unknown field'],
    [{ images: 1, strength: 'x' }, 'strength: expected a finite number, got "x"'],
    [{ images: 1 }, 'strength: expected a finite number, got nothing'],
    [{ noise: 'x' }, 'noise: expected a finite number, got "x"'],
    [{ nosie: 1 }, 'nosie: expected the field noise, got an unknown field'],
    [3, ': expected { images, strength }, or { noise }, got 3'],
  ])('%j: reports the nearest of several alternatives', (value, report) => {
    const either = t.union(
      [exactly({ images: finite, strength: finite }), exactly({ noise: finite })],
      '{ images, strength }, or { noise }',
    );
    expect(reportOf(either, value)).toBe(report);
    expect(reportOf(t.type({ from: either, other: finite }), { from: value })).toBe(
      `from${report.startsWith(':') ? '' : '.'}${report}`,
    );
  });

  test('checks the types of optional fields', () => {
    expect(reportOf(codec, { a: 1, b: 2 })).toBe('b: expected string, got 2');
  });

  test('decodes and encodes fields whose codec transforms them', () => {
    const length = new t.Type<number, string>(
      'length',
      t.number.is,
      (value, context) => (typeof value === 'string' ? t.success(value.length) : t.failure(value, context)),
      (n) => 'x'.repeat(n),
    );
    const transformed = exactly({ n: length }, { m: length });
    expect(decode(transformed)({ n: 'xx', m: 'x' })).toEqual(E.right({ n: 2, m: 1 }));
    expect(transformed.encode({ n: 2, m: 1 })).toEqual({ n: 'xx', m: 'x' });
    expect(transformed.encode({ n: 2 })).toEqual({ n: 'xx' });
  });

  test.prop([fc.anything()])('never throws', (value) => {
    expect(E.isLeft(decode(codec)(value)) || codec.is(value)).toBe(true);
  });
});
