import { expect, test } from 'vitest';
import { key } from '../dsl/index.js';
import { positionsOf } from './batches.js';

const options = { key: key(3), size: 10, batch: 4 };

test('an epoch visits every position once', () => {
  const positions = positionsOf(options);
  const first = [0, 1, 2, 3, 4].flatMap((step) => [...positions(step)]);
  expect([...first.slice(0, 10)].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect([...first.slice(10)].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(first.slice(0, 10)).not.toEqual(first.slice(10));
});

test('the positions of a step do not depend on earlier calls', () => {
  const positions = positionsOf(options);
  positions(40);
  expect(positions(3)).toEqual(positionsOf(options)(3));
});

test.each([0, 1.5, 2 ** 31])('a size of %f is refused', (size) => {
  expect(() => positionsOf({ ...options, size })).toThrow('positionsOf.size: expected an integer from 1 to 2^31 - 1');
});
