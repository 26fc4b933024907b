import { expect, test } from 'vitest';
import { right } from '../training/testing.js';
import { datasetOf } from './dataset.js';
import { imagesAt } from './imagesAt.js';

const data = right(datasetOf({ pixels: Uint8Array.of(0, 255, 0, 0, 255, 255), image: [1, 2, 1] }));

test('the images at some positions, in that order', async () => {
  expect(right(await imagesAt(data, [2, 0, 2])())).toEqual({
    data: Float32Array.of(1, 1, -1, 1, 1, 1),
    shape: [3, 1, 2, 1],
  });
  expect(right(await imagesAt(data, Int32Array.of(1))())).toEqual({
    data: Float32Array.of(-1, -1),
    shape: [1, 1, 2, 1],
  });
});

test.each([
  [[0, 3], '3'],
  [[-1], '-1'],
  [[0.5], '0.5'],
  [['1'], '1'],
])('%j is not a list of positions', async (positions, actual) => {
  const result = await imagesAt(data, positions as number[])();
  expect(result).toMatchObject({ left: { expected: 'positions from 0 to 2, as there are 3 images', actual } });
});
