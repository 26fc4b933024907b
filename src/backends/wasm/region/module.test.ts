import { expect, test } from 'vitest';
import type { BinaryFn } from '../../../dsl/graph/node.js';
import type { Region } from '../../../dsl/graph/region.js';
import { atOnce } from '../../../internal/stop.js';
import { separate } from '../kernels/multiplyAdd.js';
import { type KnownCode, noCode, regionModule } from './index.js';

/** c[i, j] = fn(a[i, j], b[j]) */
const region = (fn: BinaryFn, rows: number): Region => ({
  extents: [rows, 6],
  reduced: 0,
  loads: [
    { buffer: 0, offset: 0, strides: [6, 1] },
    { buffer: 1, offset: 0, strides: [0, 1] },
  ],
  body: [
    { op: 'load', load: 0, dtype: 'float32' },
    { op: 'load', load: 1, dtype: 'float32' },
    { op: 'binary', fn, a: 0, b: 1, dtype: 'float32' },
  ],
  stores: [{ buffer: 2, offset: 0, strides: [6, 1], value: 2, reduce: null }],
});

const moduleOf = (regions: readonly Region[], known?: KnownCode) =>
  atOnce(regionModule(regions, { isShared: false, multiplyAdd: separate, ...(known && { known }) }));

test('modules with and without known code are equal, and known code is not replaced', () => {
  const known = noCode();
  moduleOf([region('add', 5), region('mul', 3)], known);
  const before = new Map(known.codes);
  const regions = [region('sub', 5), region('mul', 3), region('add', 5)];
  expect(moduleOf(regions, known)).toEqual(moduleOf(regions));
  expect(before.size).toBe(2);
  for (const [key, code] of before) expect(known.codes.get(key)).toBe(code);
  expect(known.codes.size).toBe(3);
});

test('known code is used', () => {
  const known = noCode();
  moduleOf([region('add', 5), region('mul', 5)], known);
  const keys = [...known.codes.keys()];
  const codes = [...known.codes.values()].reverse();
  const swapped = { ...known, codes: new Map(keys.map((key, i) => [key, codes[i]!])) };
  expect(moduleOf([region('add', 5)], swapped).bytes).toEqual(moduleOf([region('mul', 5)]).bytes);
});
