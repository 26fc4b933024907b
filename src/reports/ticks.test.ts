import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { linearTicks, logTicks, tickLabel } from './ticks.js';

const positive = fc.double({ min: 1e-9, max: 1e9, noNaN: true });
const intervals = fc
  .tuple(positive, positive)
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
  .filter(([low, high]) => high > low * 1.001);

describe('linearTicks', () => {
  test('examples', () => {
    expect(linearTicks(0, 1, 6)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(linearTicks(0, 799, 8)).toEqual([0, 100, 200, 300, 400, 500, 600, 700]);
    expect(linearTicks(-1, 1, 8)).toEqual([-1, -0.5, 0, 0.5, 1]);
    expect(linearTicks(0, 0.3, 4)).toEqual([0, 0.1, 0.2, 0.3]); // in float64, 0.3 / 0.1 is below 3
    expect(linearTicks(-0.3, 0, 4)).toEqual([-0.3, -0.2, -0.1, 0]);
    expect(linearTicks(0.031, 0.038, 8)).toEqual([0.031, 0.032, 0.033, 0.034, 0.035, 0.036, 0.037, 0.038]);
  });

  test.prop([intervals, fc.integer({ min: 3, max: 12 })])('enough, not too many, and inside', ([low, high], most) => {
    const ticks = linearTicks(low, high, most);
    expect(ticks.length).toBeLessThanOrEqual(most);
    expect(ticks.length).toBeGreaterThan(most / 4 - 1);
    const slack = (high - low) * 1e-6;
    expect(ticks.every((tick) => tick >= low - slack && tick <= high + slack)).toBe(true);
  });
});

describe('logTicks', () => {
  test('examples', () => {
    expect(logTicks(0.03, 1.2, 8)).toEqual([0.05, 0.1, 0.2, 0.5, 1]);
    expect(logTicks(1e-4, 1, 8)).toEqual([1e-4, 1e-3, 0.01, 0.1, 1]);
    expect(logTicks(1e-12, 1, 8)).toEqual([1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 0.01, 1]);
    expect(logTicks(0.031, 0.038, 8)).toEqual(linearTicks(0.031, 0.038, 8));
  });

  test.prop([intervals])('at least two, at most eight, rising', ([low, high]) => {
    const ticks = logTicks(low, high, 8);
    expect(ticks.length).toBeGreaterThanOrEqual(2);
    expect(ticks.length).toBeLessThanOrEqual(8);
    expect(ticks).toEqual([...ticks].sort((a, b) => a - b));
  });
});

test.each([
  [0, '0'],
  [0.05, '0.05'],
  [700, '700'],
  [1500, '1.5k'],
  [2e6, '2M'],
  [1e9, '1e9'],
  [1e-7, '1e-7'],
  [-0.5, '-0.5'],
])('%d is written %s', (tick, label) => {
  expect(tickLabel(tick)).toBe(label);
});
