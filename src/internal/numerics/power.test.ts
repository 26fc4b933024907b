import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { power } from './power.js';

const positive = fc.double({ min: 1e-300, max: 1e300, noNaN: true, noDefaultInfinity: true });

/** The exact integer that a float64 is, times 2^1100. */
const exact = (x: number): bigint => {
  let n = 0;
  let m = x;
  while (!Number.isInteger(m)) [m, n] = [m * 2, n + 1];
  return (BigInt(m) << 1100n) >> BigInt(n);
};

test('a power with a whole exponent is within an ulp of the exact product', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 100, noNaN: true }), fc.integer({ min: 2, max: 20 }), (x, k) => {
      const y = power(x, k);
      const bits = 60n; // the quotient y / x^k as a multiple of 2⁻⁶⁰
      const product = Array.from({ length: k }, () => exact(x)).reduce((a, b) => (a * b) >> 1100n, 1n << 1100n);
      const error = Number((exact(y) << bits) / product - (1n << bits)) / 2 ** 60;
      expect(Math.abs(error)).toBeLessThan(2 ** -52);
    }),
    { numRuns: 2000 },
  );
});

test('a root of a power is the number', () => {
  fc.assert(
    fc.property(positive, fc.double({ min: 1, max: 20, noNaN: true }), (x, y) => {
      const inverse = power(x, 1 / y);
      // rounding 1/y changes the logarithm by half an ulp
      const tolerance = 2 ** -52 * (2 + y + Math.abs(Math.log(x)));
      expect(Math.abs(power(inverse, y) / x - 1)).toBeLessThan(tolerance);
    }),
    { numRuns: 2000 },
  );
});

test('powers agree with Math.pow within two ulp', () => {
  fc.assert(
    fc.property(positive, fc.double({ min: -400, max: 400, noNaN: true }), (x, y) => {
      const expected = Math.pow(x, y);
      if (expected === 0 || expected === Infinity) expect(power(x, y)).toBe(expected);
      else expect(Math.abs(power(x, y) - expected)).toBeLessThanOrEqual(2 ** -51 * expected + 2 ** -1073);
    }),
    { numRuns: 5000 },
  );
});

test('special cases are those of Math.pow', () => {
  const numbers = [0, -0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, Infinity, -Infinity, NaN, 2 ** 53, -(2 ** 53), 1e300, 5e-324];
  for (const x of numbers)
    for (const y of numbers) {
      const [actual, expected] = [power(x, y), Math.pow(x, y)];
      if (Number.isFinite(expected) && expected !== 0) expect(Math.abs(actual / expected - 1)).toBeLessThan(2 ** -50);
      else expect(actual).toBe(expected);
    }
});

// by Python's decimal, with 60 digits
test('the bits are those of the nearest float64', () => {
  const powers = [power(80, 1 / 7), power(0.002, 1 / 7), power(1.7, 7), power(10, -3.5), power(1e-310, 0.3)];
  expect(powers.map((x) => Buffer.from(Float64Array.of(x).buffer).readBigUInt64LE().toString(16))).toEqual([
    '3ffdec054fe78581',
    '3fda56fe8dc34f53',
    '40448455c380f3af',
    '3f34b96be9c2da2c',
    '2ca0aff95cc5b0b3',
  ]);
});
