import { describe, expect, test } from 'vitest';
import { datasetOf } from './dataset.js';

describe('datasetOf', () => {
  test.each([
    [[0, 28, 1], 0],
    [[28, -28, 1], 784],
    [[2.5, 2, 1], 5],
    [[NaN, 1, 1], 1],
  ] as const)('refuses images of %j', (image, pixels) => {
    const data = datasetOf({ pixels: new Uint8Array(pixels), labels: Uint8Array.of(1), image });
    expect(data).toMatchObject({
      left: {
        _tag: 'DecodeError',
        where: 'data set',
        expected: 'image: [height, width, channels], integers of at least 1',
      },
    });
  });

  test('refuses pixels that do not fit the labels', () => {
    const data = datasetOf({ pixels: new Uint8Array(7), labels: Uint8Array.of(1, 2), image: [2, 2, 1] });
    expect(data).toMatchObject({ left: { _tag: 'DecodeError', actual: '7 pixels' } });
  });
});
