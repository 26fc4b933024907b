import { expect, test } from 'vitest';
import { integral } from './gaussLegendre.js';

test('integrates polynomials and exponentials, in both directions', () => {
  expect(integral((x) => x ** 63, 0, 1)).toBeCloseTo(1 / 64, 15);
  expect(integral((x) => x ** 2, 2, -1)).toBeCloseTo(-3, 14);
  expect(integral((x) => Math.exp(20 * x), 0, 1) / (Math.expm1(20) / 20)).toBeCloseTo(1, 13);
  expect(integral(() => 1, 3, 3)).toBe(0);
});
