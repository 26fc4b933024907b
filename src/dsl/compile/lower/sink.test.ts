import { expect, test } from 'vitest';
import type { Buffer, Call } from '../../plan/plan.js';
import { sink } from './sink.js';

const arena = (elements: number): Buffer => ({ elements, dtype: 'float32', storage: { kind: 'arena', offset: 0 } });
const copy = (from: number, to: number): Call => ({
  kind: 'region',
  origin: { place: '', label: `${to}` },
  region: {
    extents: [1],
    reduced: 0,
    loads: [{ buffer: from, offset: 0, strides: [0] }],
    body: [{ op: 'load', dtype: 'float32', load: 0 }],
    stores: [{ buffer: to, offset: 0, strides: [1], value: 0, reduce: null }],
  },
});
const labelsOf = (calls: readonly Call[]): readonly number[] => calls.map(({ origin }) => Number(origin.label));
const upTo = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

test('calls move to their first use if their results are larger than their operands', () => {
  const buffers = [arena(1), arena(2), arena(1), arena(1), arena(1)];
  expect(labelsOf(sink([copy(0, 1), copy(0, 2), copy(2, 3), copy(1, 4)], buffers))).toEqual([2, 3, 1, 4]);
  const small = [arena(1), arena(1), arena(1), arena(1), arena(1)];
  expect(labelsOf(sink([copy(0, 1), copy(0, 2), copy(2, 3), copy(1, 4)], small))).toEqual([1, 2, 3, 4]);
});

test('a long chain of calls moves as a whole, in its order', () => {
  // each call of the chain 1 … 1500 has a larger result than operand; 1501 … 2000 are unrelated; 2001 uses the chain
  const buffers = upTo(0, 2001).map((b) => arena(b <= 1500 ? b + 1 : 1));
  const calls = upTo(1, 2001).map((to) => copy(to <= 1500 ? to - 1 : to === 2001 ? 1500 : 0, to));
  expect(labelsOf(sink(calls, buffers))).toEqual([...upTo(1501, 2000), ...upTo(1, 1500), 2001]);
});
