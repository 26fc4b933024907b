import { expect, test } from 'vitest';
import { E } from '../internal/fp.js';
import { decodeCifar10 } from './cifar10.js';

/** A record whose pixel at row y and column x is (y, x, 200). */
const record = (label: number): Uint8Array => {
  const planes = [(i: number) => i >> 5, (i: number) => i & 31, () => 200].map((of) => Array.from({ length: 1024 }, (_, i) => of(i)));
  return Uint8Array.of(label, ...planes.flat());
}; // oxfmt-ignore

test('planes of colours become pixels', () => {
  const actual = decodeCifar10('x.bin')(Uint8Array.of(...record(3), ...record(9)));
  if (E.isLeft(actual)) throw new Error(actual.left.message);
  const { pixels, labels, image } = actual.right;
  expect([...labels]).toEqual([3, 9]);
  expect(image).toEqual([32, 32, 3]);
  for (const [n, y, x] of [[0, 0, 0], [0, 31, 2], [1, 17, 30]] as const)
    expect([...pixels.subarray(((n * 32 + y) * 32 + x) * 3).subarray(0, 3)]).toEqual([y, x, 200]);
}); // oxfmt-ignore

test.each([
  ['nothing', new Uint8Array(0), 'records of 3073 bytes, at least one', '0 bytes'],
  ['half a record', record(1).subarray(0, 2000), 'records of 3073 bytes, at least one', '2000 bytes'],
  ['records of CIFAR-100, which have two labels', new Uint8Array(3074), 'records of 3073 bytes, at least one', '3074 bytes'],
  ['a label that is invalid', record(10), 'labels from 0 to 9', '10 in record 0'],
])('refuses %s', (_, bytes, expected, actual) => {
  expect(decodeCifar10('x.bin')(bytes)).toMatchObject({ left: { _tag: 'DecodeError', where: 'x.bin', expected, actual } });
}); // oxfmt-ignore
