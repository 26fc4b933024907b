import { expect, it } from 'vitest';
import { solved } from './linearSystem.js';

it('solves systems whose diagonal begins with 0, and the empty one, and leaves its arguments as they are', () => {
  const a = [
    [0, 2, 1],
    [1, 0, 0],
    [4, 0, 2],
  ];
  const b = [7, 1, 10];
  expect(solved(a, b)).toEqual([1, 2, 3]);
  expect([a[0], b]).toEqual([
    [0, 2, 1],
    [7, 1, 10],
  ]);
  expect(solved([], [])).toEqual([]);
});

it('solves 600 unknowns: the matrix min(i, j) times ones has the elements i·(2n + 1 - i)/2', () => {
  const n = 600;
  const numbers = Array.from({ length: n }, (_, i) => i + 1);
  const x = solved(
    numbers.map((i) => numbers.map((j) => Math.min(i, j))),
    numbers.map((i) => (i * (2 * n + 1 - i)) / 2),
  );
  for (const one of x) expect(Math.abs(one - 1)).toBeLessThan(n * 2 ** -52);
});
