import { expect, test } from 'vitest';
import type { Buffer, Call } from '../../plan/plan.js';
import { layout } from './layout.js';

const arena = (elements: number): Buffer => ({
  elements,
  dtype: 'float32',
  storage: { kind: 'arena', offset: 0 },
});
const copy = (from: number, to: number, extent: number): Call => ({
  kind: 'region',
  origin: { place: '', label: 'test' },
  region: {
    extents: [extent],
    reduced: 0,
    loads: [{ buffer: from, offset: 0, strides: [0] }],
    body: [{ op: 'load', dtype: 'float32', load: 0 }],
    stores: [{ buffer: to, offset: 0, strides: [1], value: 0, reduce: null }],
  },
});

test('buffers of the arena begin at multiples of the alignment', () => {
  const buffers = [arena(5), arena(100), arena(7)];
  const calls = [copy(0, 1, 100), copy(1, 2, 7), copy(2, 0, 5)];
  for (const alignment of [16, 64]) {
    const placed = layout(buffers, calls, alignment);
    const offsets = placed.buffers.map(({ storage }) => (storage.kind === 'arena' ? storage.offset : NaN));
    expect(new Set(offsets).size).toBe(3);
    expect(offsets.every((offset) => offset % alignment === 0)).toBe(true);
    expect(placed.arenaElements % alignment).toBe(0);
  }
});
