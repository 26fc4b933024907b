import { describe, expect, test } from 'vitest';
import { exactTuple, natural } from './decode.js';
import { reportOf } from './decodeTesting.js';
import { record } from './schema.js';
import { t } from './fp.js';

const layer = record({ shape: t.array(natural), dtype: t.union([t.literal('F32'), t.literal('I32')]) });

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
