import { describe, expect, test } from 'vitest';
import { right } from '../training/testing.js';
import { datasetOf } from './dataset.js';
import { datasetOfImages } from './imageData.js';

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

  test('refuses pixels that do not match the labels', () => {
    const data = datasetOf({ pixels: new Uint8Array(7), labels: Uint8Array.of(1, 2), image: [2, 2, 1] });
    expect(data).toMatchObject({ left: { _tag: 'DecodeError', actual: '7 pixels' } });
  });

  test('reports different numbers of images and labels', () => {
    const data = datasetOf({ pixels: new Uint8Array(8), labels: Uint8Array.of(1), image: [2, 2, 1] });
    const expected = 'a label for each of the 2 images [2, 2, 1]';
    expect(data).toMatchObject({ left: { _tag: 'DecodeError', expected, actual: '1 labels' } });
  });

  test.each([1, 3, 4])('takes images of %d channels without labels', async (channels) => {
    const pixels = Uint8ClampedArray.from({ length: 2 * channels }, (_, i) => 255 * (i % 2));
    const data = right(datasetOf({ pixels, image: [1, 1, channels] }));
    const { images, labels } = right(await data.batch(Int32Array.of(1, 0))());
    expect(data.size).toBe(2);
    expect([...labels!]).toEqual([-1, -1]);
    expect(images).toHaveLength(2 * channels);
  });

  test('takes labels of any array', async () => {
    const data = right(datasetOf({ pixels: Uint8Array.of(0, 255), labels: [5, 300], image: [1, 1, 1] }));
    expect([...right(await data.batch(Int32Array.of(0, 1))()).labels!]).toEqual([5, 300]);
  });

  const pixels = Uint8Array.of(1, 2);
  test.each([
    ['nothing', undefined, 'datasetOf.pixels'],
    ['no pixels', { image: [1, 1, 1] }, 'datasetOf.pixels'],
    ['numbers as pixels', { pixels: Float32Array.of(0.5), image: [1, 1, 1] }, 'datasetOf.pixels'],
    ['a number in place of the extents', { pixels, image: 28 }, 'datasetOf.image'],
    ['two extents', { pixels, image: [1, 1] }, 'datasetOf.image'],
    ['no extents', { pixels }, 'datasetOf.image'],
    ['one label for all images', { pixels, image: [1, 1, 1], labels: 3 }, 'datasetOf.labels'],
    ['another field', { pixels, image: [1, 1, 1], label: [3] }, 'datasetOf.label'],
    ['names as labels', { pixels, image: [1, 1, 1], labels: ['cat', 'dog'] }, 'data set: labels, 0'],
    ['a fractional label', { pixels, image: [1, 1, 1], labels: [0, 0.5] }, 'data set: labels, 1'],
    ['half an image', { pixels, image: [1, 4, 1] }, 'data set'],
  ])('from JavaScript, %s is an error at its field', (_, bytes, where) => {
    expect(datasetOf(bytes as never)).toMatchObject({ _tag: 'Left', left: { where } });
  });
});

describe('datasetOfImages', () => {
  const images = { data: Float32Array.of(0.5, 0, 0, 0, 0), shape: [5, 1, 1, 1] };
  test.each([
    ['labels that are not classes', images, { labels: [0, 1, 2, 0.5, 0] }, 'data set: labels, 3'],
    ['nothing', undefined, {}, 'datasetOfImages'],
    ['images without a shape', { data: images.data }, {}, 'datasetOfImages'],
    ['two and a half images', { ...images, shape: [2.5, 2, 1, 1] }, {}, 'data set'],
    ['images without pixels', { data: new Float32Array(0), shape: [5, 0, 1, 1] }, {}, 'data set'],
  ])('refuses %s', (_, given, about, where) => {
    expect(datasetOfImages(given as never, about)).toMatchObject({ _tag: 'Left', left: { where } });
  });

  test.each([
    ['255', Float32Array.of(0.5, 0, 255, 0, 0), 'ConfigError', 'got 255 at number 0'],
    ['NaN', Float32Array.of(0.5, 0, Number.NaN, 0, 0), 'NonFinite', 'got NaN at number 0'],
    ['1.5 in a Float64Array', Float64Array.of(0.5, 0, -1.5, 0, 0), 'ConfigError', 'got -1.5 at number 0'],
    ['1e300', Float64Array.of(0.5, 0, 1e300, 0, 0), 'ConfigError', 'got 1e+300 at number 0'],
  ])('refuses %s as a training does', (_, data, tag, says) => {
    const message = `data set: image at 2: expected finite numbers in [-1, 1], ${says}; scale the numbers to [-1, 1]; bytes by byte/127.5 - 1`;
    expect(datasetOfImages({ ...images, data } as never)).toMatchObject({ left: { _tag: tag, message } });
  });

  test('takes numbers that are in [-1, 1] as float32', async () => {
    const data = right(datasetOfImages({ data: Float64Array.of(1 + 1e-9), shape: [1, 1, 1, 1] } as never));
    expect(right(await data.batch(Int32Array.of(0))()).images).toEqual(Float32Array.of(1));
  });

  test.each([
    ['bytes', Uint8Array.of(0, 1, 0, 1, 1), 'a Uint8Array'],
    ['an array', [0, 1, 0, 1, 1], 'an array of 5'],
  ])('refuses %s, whose 0 and 1 would be grey and white', (_, data, actual) => {
    expect(datasetOfImages({ ...images, data } as never)).toMatchObject({
      left: {
        message: `data set: expected numbers in [-1, 1] in a Float32Array, got ${actual}; make a data set of bytes by datasetOf, and of other numbers by Float32Array.from(numbers)`,
      },
    });
  });
});
