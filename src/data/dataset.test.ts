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
    expect(labels).toBeUndefined();
    expect(images).toHaveLength(2 * channels);
  });

  test('takes labels of any array', async () => {
    const data = right(datasetOf({ pixels: Uint8Array.of(0, 255), labels: [5, 300], image: [1, 1, 1] }));
    expect([...right(await data.batch(Int32Array.of(0, 1))()).labels!]).toEqual([5, 300]);
  });

  test('has the conditions of its images, and the names that occur in them', async () => {
    const palette = { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] };
    const of = { pixels: Uint8Array.of(0, 255), image: [1, 1, 1] } as const;
    const data = right(datasetOf({ ...of, conditions: { hair: ['short', null], palette } }));
    expect(data.names).toEqual({ hair: ['short'] });
    expect(right(await data.batch(Int32Array.of(1, 0))())).toEqual({
      images: Float32Array.of(1, -1),
      conditions: { hair: [null, 'short'], palette: { data: Float32Array.of(3, 4, 1, 2), shape: [2, 2] } },
    });
    const names = { hair: ['long', 'short'] };
    expect(right(datasetOf({ ...of, conditions: { hair: ['short', null] }, names })).names).toEqual(names);
    const images = { data: Float32Array.of(0, 1), shape: [2, 1, 1, 1] } as const;
    const other = right(datasetOfImages(images, { conditions: { hair: [0, 1] }, names }));
    expect(other.names).toEqual(names);
    expect(right(await other.batch(Int32Array.of(1))()).conditions).toEqual({ hair: [1] });
  });

  test.each<[string, object, string]>([
    ['one value for two images', { hair: [0] }, 'data set: conditions.hair: expected a value for each of the 2 images, got 1; give null where an image has none'],
    ['vectors of three images', { palette: { data: [1, 2, 3], shape: [3, 1] } }, 'data set: conditions.palette: expected a value for each of the 2 images, got 3'],
    ['numbers that are missing', { palette: { data: [1, 2, 3], shape: [2, 2] } }, 'data set: conditions.palette: expected 4 numbers for [2, 2], got 3; give all numbers, row-major'],
    ['a text', { hair: 'long' }, 'conditions.hair: expected a list with a value of each sample, or { data, shape }, got "long"'],
    ['numbers without a list of extents', { palette: { data: [1, 2], shape: 2 } }, 'conditions.palette: expected a list with a value of each sample, or { data, shape }, got an object'],
  ])('refuses conditions with %s', (_, conditions, message) => {
    const images = { data: new Float32Array(2), shape: [2, 1, 1, 1] } as const;
    for (const data of [
      datasetOf({ pixels: Uint8Array.of(1, 2), image: [1, 1, 1], conditions } as never),
      datasetOfImages(images, { conditions } as never),
    ])
      expect(data).toMatchObject({ left: { message: expect.stringContaining(message) } });
  }); // oxfmt-ignore

  test('refuses a name that occurs twice', () => {
    const data = datasetOf({ pixels: Uint8Array.of(1), image: [1, 1, 1], names: { hair: ['long', 'long'] } });
    expect(data).toMatchObject({ left: { _tag: 'ConfigError', where: 'datasetOf.names.hair' } });
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
