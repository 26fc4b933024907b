import { describe, expect, test } from 'vitest';
import { castFunction } from './casts.js';
import { binaryFunction, unaryFunction } from './scalar.js';

/** erf by C's libm, computed with Python's `math.erf`. */
const ERF = [
  [0, 0],
  [1e-300, 1.1283791670955126e-300],
  [0.001, 0.0011283787909692365],
  [0.1, 0.1124629160182849],
  [0.5, 0.5204998778130465],
  [1, 0.8427007929497149],
  [1.5, 0.9661051464753108],
  [2, 0.9953222650189527],
  [2.4, 0.999311486103355],
  [2.499999, 0.9995930458042653],
  [2.5, 0.999593047982555],
  [2.6, 0.9997639655834707],
  [3, 0.9999779095030014],
  [4, 0.9999999845827421],
  [5, 0.9999999999984626],
  [5.9, 0.9999999999999999],
  [27, 1],
] as const;

describe('erf', () => {
  const erf = unaryFunction('erf', 'float32');
  // a few units in the last place of a float64
  const approx = 1e-15;
  test.each(ERF)('of %d', (x, expected) => {
    expect(Math.abs(erf(x) - expected)).toBeLessThanOrEqual(approx * expected);
    expect(erf(-x)).toBe(-erf(x));
  });
  test('keeps NaN, and is ±1 at infinity', () => {
    expect([NaN, Infinity, -Infinity].map(erf)).toEqual([NaN, 1, -1]);
  });
});

test('round rounds halves to even, and keeps whole numbers', () => {
  const given = [-2.5, -1.5, -0.5, 0.49999999999999994, 0.5, 1.5, 2.5, 2 ** 52 + 1, Infinity, NaN];
  expect(given.map(unaryFunction('round', 'float32'))).toEqual([
    -2, -2, -0, 0, 0, 2, 2, 2 ** 52 + 1, Infinity, NaN,
  ]); // oxfmt-ignore
});

test('sigmoid neither overflows nor cancels', () => {
  const sigmoid = unaryFunction('sigmoid', 'float32');
  expect([-800, 0, 40, 800].map(sigmoid)).toEqual([0, 0.5, 1, 1]);
  expect(sigmoid(-40) / Math.exp(-40)).toBeCloseTo(1, 14);
});

test('integers wrap and divide as in C; division by zero gives zero', () => {
  const int = (fn: 'add' | 'mul' | 'div' | 'mod' | 'pow', a: number, b: number) => binaryFunction(fn, 'int32')(a, b);
  expect(int('add', 2147483647, 1)).toBe(-2147483648);
  expect(int('mul', 2147483647, 2147483647)).toBe(1);
  expect([int('div', -7, 2), int('div', 7, 0), int('div', -2147483648, -1)]).toEqual([-3, 0, -2147483648]);
  expect([int('mod', -7, 2), int('mod', 7, -2), int('mod', 7, 0)]).toEqual([1, -1, 0]);
  expect([int('pow', 3, 21), int('pow', -1, -3), int('pow', 5, -1)]).toEqual([1870418611, -1, 0]);
});

test('casts truncate and saturate; NaN becomes 0 as an integer, and true as a bool', () => {
  const given = [1.9, -1.9, 3e9, -3e9, NaN, -0];
  expect(given.map(castFunction('float32', 'int32'))).toEqual([1, -1, 2147483647, -2147483648, 0, 0]);
  expect(given.map(castFunction('float32', 'bool'))).toEqual([1, 1, 1, 1, 1, 0]);
});
