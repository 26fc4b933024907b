import { expect, test } from 'vitest';
import { type Bits, bitsOf, equalBits } from './bits.js';

test('bits are equal if the version, the backend, its rounding and the engine are', () => {
  const own: Bits = bitsOf({ name: 'wasm', rounding: 'fused' });
  expect(equalBits(own, bitsOf({ name: 'wasm', rounding: 'fused' }))).toBe(true);
  const others = [{ noisefold: '0.0.9' }, { backend: 'webgpu' }, { rounding: null }, { engine: 'other' }] as const;
  for (const other of others) expect(equalBits(own, { ...own, ...other })).toBe(false);
});
