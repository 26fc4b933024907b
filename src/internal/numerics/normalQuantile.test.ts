import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { normalOfBits } from './normalQuantile.js';

const STEPS = 2 ** 23;

/** erf by its series of positive terms, accurate to a few ulp of float64 for |x| ≤ 2. */
const erf = (x: number): number => {
  let term = x;
  let sum = x;
  for (let n = 1; n < 60; n++) sum += term *= (2 * x * x) / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
};

/** erfc by its continued fraction, for x ≥ 1. */
const erfc = (x: number): number => {
  let fraction = x;
  for (let n = 300; n >= 1; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
};

/** √2·erfinv((2k + 1)/2²³ − 1) in float64, by Newton's method from Winitzki's approximation. */
const oracle = (k: number): number => {
  const m = 2 * k + 1 - STEPS;
  const u = Math.abs(m) / STEPS;
  const log = Math.log(1 - u * u);
  const c = 2 / (Math.PI * 0.147) + log / 2;
  let x = Math.sqrt(Math.sqrt(c * c - log / 0.147) - c);
  for (let step = 0; step < 6; step++) {
    const excess = u < 0.9 ? erf(x) - u : 1 - u - erfc(x);
    x -= excess / ((2 / Math.sqrt(Math.PI)) * Math.exp(-x * x));
  }
  return Math.sign(m) * Math.SQRT2 * x;
};

const ulp = (x: number): number => 2 ** (Math.floor(Math.log2(Math.abs(x))) - 23);

describe('normalOfBits', () => {
  const bits = fc.oneof(
    fc.integer({ min: 0, max: STEPS - 1 }),
    fc.integer({ min: 0, max: 5000 }),
    fc.integer({ min: STEPS / 2 - 5000, max: STEPS / 2 }),
  );

  test('the oracle agrees with 40-digit numbers', () => {
    // √2·erfinv(u) by mpmath
    for (const [k, z] of [
      [0, -5.294704084854598],
      [1, -5.090230845321853],
      [30_000, -2.689651062440115],
      [3_000_000, -0.364806494908331],
    ] as const)
      expect(Math.abs(oracle(k) / z - 1)).toBeLessThan(1e-13);
  });

  test.prop([bits], { numRuns: 3000 })('within one ulp of float32', (k) => {
    const exact = oracle(k);
    expect(Math.abs(Math.fround(normalOfBits(k)) - exact)).toBeLessThanOrEqual(ulp(exact));
  });

  test('the relative error is below 5e-9 over the whole range', () => {
    let worst = 0;
    for (let k = 0; k < STEPS / 2; k = k < 2000 ? k + 1 : k + 331)
      worst = Math.max(worst, Math.abs(normalOfBits(k) / oracle(k) - 1));
    expect(worst).toBeLessThan(5e-9);
  });

  test.prop([bits])('odd: the mirrored bits give exactly the negative', (k) => {
    expect(normalOfBits(STEPS - 1 - k)).toBe(-normalOfBits(k));
  });

  test('is monotonic over all bits, as float32', () => {
    let last = -Infinity;
    let falls = 0;
    for (let k = 0; k < STEPS; k++) {
      const z = Math.fround(normalOfBits(k));
      if (z < last) falls++;
      last = z;
    }
    expect(falls).toBe(0);
  });

  test('pinned bits detect a change of the numbers', () => {
    expect([0, 1, 12_345, 4_194_303, 4_194_304, 8_388_607].map((k) => Math.fround(normalOfBits(k)))).toEqual([
      -5.294703960418701, -5.090230941772461, -2.973588228225708, -1.494066879104139e-7, 1.494066879104139e-7,
      5.294703960418701,
    ]);
  });
});
