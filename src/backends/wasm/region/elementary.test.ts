import { describe, expect, test } from 'vitest';
import type { UnaryFn } from '../../../dsl/graph/node.js';
import type { Region } from '../../../dsl/graph/region.js';
import { unaryFunction } from '../../shared/scalar.js';
import { wasm } from '../assembler/assembler.js';
import type { MultiplyAdd } from '../kernels/multiplyAdd.js';
import { describeRoundings } from '../kernels/testing.js';
import { runRegionOn } from './regionTesting.js';

/** Applies a function to float32 numbers by a compiled region. */
const applyWith = (multiplyAdd: MultiplyAdd, fn: UnaryFn, xs: Float32Array): Float32Array => {
  const memory = new wasm.Memory({ initial: Math.ceil((8 * xs.length) / 65536) });
  const region: Region = {
    extents: [xs.length],
    reduced: 0,
    loads: [{ buffer: 0, offset: 0, strides: [1] }],
    body: [
      { op: 'load', dtype: 'float32', load: 0 },
      { op: 'unary', fn, dtype: 'float32', a: 0 },
    ],
    stores: [{ buffer: 1, offset: 0, strides: [1], value: 1, reduce: null }],
  };
  new Float32Array(memory.buffer).set(xs);
  runRegionOn(memory, region, [0, 4 * xs.length], 8 * xs.length, multiplyAdd);
  return new Float32Array(memory.buffer.slice(4 * xs.length, 8 * xs.length));
};

/** Results of smaller magnitude may be 0. */
const SMALLEST = 2 ** -125.5;

/** Every 4099th of all float32 numbers that are not NaN. */
const sweep = ((): Float32Array => {
  const bits: number[] = [];
  for (let i = 0; i <= 0x7f800000; i += 4099) bits.push(i, i - 2 ** 31);
  return new Float32Array(Int32Array.from(bits).buffer);
})();

/** Relative error. Results below `SMALLEST` may be 0; infinities and NaN must be exact. */
const errorOf = (y: number, exact: number): number => {
  if (Math.abs(exact) < SMALLEST) return Math.abs(y) <= SMALLEST ? 0 : Infinity;
  if (!Number.isFinite(Math.fround(exact))) return Object.is(y, Math.fround(exact)) ? 0 : Infinity;
  return Math.abs(y - exact) / Math.abs(exact);
};

const specialValues = Float32Array.of(NaN, Infinity, -Infinity, 0, -1, 1, 100, -200);

describeRoundings('elementary functions', (multiplyAdd) => {
  const apply = (fn: UnaryFn, xs: Float32Array): Float32Array => applyWith(multiplyAdd, fn, xs);

  describe('over the whole range', () => {
    test.each([
      ['exp', 2e-7],
      ['expm1', 3.5e-7],
      ['sigmoid', 3e-7],
      ['tanh', 4e-7],
      ['log', 2e-7],
      ['log1p', 2.5e-7],
      ['erf', 3e-7],
      ['atan', 2.5e-7],
      ['sqrt', 6e-8],
      ['rsqrt', 1.2e-7],
    ] as const)('%s is within a relative error of %d', (fn, tolerance) => {
      const exactly = unaryFunction(fn, 'float32');
      const ys = apply(fn, sweep);
      let worst = 0;
      let at = NaN;
      sweep.forEach((x, i) => {
        const exact = exactly(x);
        const error = errorOf(ys[i]!, exact);
        if (!(error <= worst)) [worst, at] = [error, x];
      });
      expect(worst, `at ${at}`).toBeLessThan(tolerance);
    });
  });

  test.each(['exp', 'expm1', 'sigmoid', 'tanh', 'log', 'log1p', 'erf', 'atan', 'sign', 'sqrt', 'rsqrt'] as const)(
    '%s is correct at infinities, at NaN and at integers',
    (fn) => {
      const exact = Float32Array.from(specialValues, unaryFunction(fn, 'float32'));
      const ys = apply(fn, specialValues);
      // tanh, log and exp of 1 are not exact, so they are only compared to five digits; the sweep tests their accuracy
      ys.forEach((y, i) => {
        if (Math.abs(exact[i]!) >= 1e-30 && Number.isFinite(exact[i]!)) expect(y).toBeCloseTo(exact[i]!, 5);
        else expect(y + 0).toBe(exact[i]! < 1e-30 && exact[i]! > 0 ? 0 : exact[i]! + 0);
      });
    },
  );

  test('returns NaN for NaN with any bits', () => {
    const bits = Int32Array.of(0x7f800001, 0x7fc00001, 0x7fffffff, 0xffc00003 | 0);
    for (const fn of ['exp', 'sigmoid', 'expm1', 'tanh', 'log', 'log1p', 'erf', 'atan'] as const)
      expect([...apply(fn, new Float32Array(bits.buffer))]).toEqual([NaN, NaN, NaN, NaN]);
  });
});
