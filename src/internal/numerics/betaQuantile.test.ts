import { describe, expect, it } from 'vitest';
import { betaQuantile } from './betaQuantile.js';

const near = (actual: number, expected: number, tolerance: number): void => {
  expect(Math.abs(actual / expected - 1)).toBeLessThan(tolerance);
};

describe('betaQuantile', () => {
  it('has the values that scipy.stats.beta.ppf has', () => {
    for (const [a, b, p, x] of [
      [0.6, 0.6, 1e-6, 1.8558824624053043e-10],
      [0.6, 0.6, 0.05, 0.012554456873611399],
      [0.6, 0.6, 0.975, 0.9960370407965967],
      [2, 5, 0.3, 0.18180347131894917],
      [0.3, 4, 0.9, 0.2143738140841478],
      [30, 60, 0.01, 0.22458591293824537],
      [100, 100, 0.6, 0.5089676545557136],
    ] as const)
      near(betaQuantile(a, b)(p), x, 1e-13);
  });

  it.each([1e-9, 1e-3, 0.1, 0.3, 0.5, 0.7, 0.99])('has closed forms for some shapes, at %d', (p) => {
    near(betaQuantile(0.5, 0.5)(p), Math.sin((Math.PI * p) / 2) ** 2, 1e-13);
    near(betaQuantile(1, 1)(p), p, 1e-14);
    near(betaQuantile(2.5, 1)(p), p ** 0.4, 1e-13);
    near(betaQuantile(1, 3)(p), -Math.expm1(Math.log1p(-p) / 3), 1e-13);
    const x = betaQuantile(2, 2)(p);
    near(x * x * (3 - 2 * x), p, 1e-13);
  });

  it('is symmetric and has exact ends', () => {
    for (const p of [0, 0.125, 0.25, 0.5])
      expect(betaQuantile(3, 0.6)(1 - p)).toBeCloseTo(1 - betaQuantile(0.6, 3)(p), 14);
    expect(betaQuantile(90, 0.1)(0)).toBe(0);
    expect(betaQuantile(0.1, 90)(1)).toBe(1);
  });
});
