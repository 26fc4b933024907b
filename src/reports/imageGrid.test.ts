import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import type { NoisefoldError } from '../internal/errors.js';
import { E, type either } from '../internal/fp.js';
import { imageGrid } from './imageGrid.js';

const right = <A>(result: either.Either<NoisefoldError, A>): A =>
  E.getOrElse((error: NoisefoldError): A => {
    throw new Error(error.message);
  })(result);

const extent = fc.integer({ min: 1, max: 12 });

describe('imageGrid', () => {
  test('tiles images row by row without margins; empty cells are black', () => {
    // three images of 1 × 2 grey pixels, in two columns
    const grid = right(imageGrid({ shape: [3, 1, 2, 1], data: Uint8Array.of(1, 2, 3, 4, 5, 6) }));
    expect(grid).toEqual({ width: 4, height: 2, channels: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 0, 0) });
  });

  test('the number of columns may be given', () => {
    const grid = right(imageGrid({ shape: [3, 2, 1, 1], data: Uint8Array.of(1, 2, 3, 4, 5, 6) }, 3));
    expect(grid).toEqual({ width: 3, height: 2, channels: 1, data: Uint8Array.of(1, 3, 5, 2, 4, 6) });
  });

  test('a row has at most all images', () => {
    const images = { shape: [2, 1, 1, 1], data: Uint8Array.of(1, 2) };
    const grid = right(imageGrid(images, { columns: 1e6, gap: 1 }));
    expect(grid).toEqual({ width: 3, height: 1, channels: 1, data: Uint8Array.of(1, 0, 2) });
  });

  test('scale repeats pixels, gap separates neighbours', () => {
    // three images of 1 × 2 grey pixels, in two columns
    const images = { shape: [3, 1, 2, 1], data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    const grid = right(imageGrid(images, { columns: 2, scale: 2, gap: 1 }));
    expect({ ...grid, data: [...grid.data] }).toEqual({
      width: 9,
      height: 5,
      channels: 1,
      data: [
        [1, 1, 2, 2, 0, 3, 3, 4, 4],
        [1, 1, 2, 2, 0, 3, 3, 4, 4],
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
        [5, 5, 6, 6, 0, 0, 0, 0, 0],
        [5, 5, 6, 6, 0, 0, 0, 0, 0],
      ].flat(),
    });
  });

  test('a wrong option is refused by its name', () => {
    const images = { shape: [1, 2, 2, 1], data: new Float32Array(4) };
    const refused = (layout: object | number) => E.match(({ message }: NoisefoldError) => message, String)(imageGrid(images, layout)); // oxfmt-ignore
    expect(refused({ scale: 0.5 })).toContain('imageGrid.scale: expected an integer ≥ 1, got 0.5');
    expect(refused({ gap: -1 })).toContain('imageGrid.gap: expected an integer ≥ 0, got -1');
    expect(refused({ margin: 1 })).toContain('imageGrid.margin: expected one of the fields columns, scale, gap');
    for (const columns of [0, 1.5]) expect(refused(columns)).toContain('imageGrid.columns: expected an integer ≥ 1');
  });

  test('[-1, 1] is mapped to 0…255; numbers outside are clamped, and NaN is black', () => {
    const data = Float32Array.of(-1, 0.5, 1, -7, 7, Number.NaN);
    expect([...right(imageGrid({ shape: [1, 1, 2, 3], data })).data]).toEqual([0, 191, 255, 0, 255, 0]);
  });

  test.prop([fc.integer({ min: 0, max: 255 })])('a byte is recovered from [-1, 1]', (byte) => {
    const data = Float32Array.of(byte / 127.5 - 1);
    expect([...right(imageGrid({ shape: [1, 1, 1, 1], data })).data]).toEqual([byte]);
  });

  test.prop([fc.integer({ min: 1, max: 9 }), extent, extent, fc.constantFrom(1, 3, 4), fc.integer({ min: 1, max: 9 })])(
    'each pixel of each image is at its row and column',
    (n, height, width, channels, columns) => {
      const data = Int32Array.from({ length: n * height * width * channels }, (_, i) => (i * 7) % 256);
      const grid = right(imageGrid({ shape: [n, height, width, channels], data }, columns));
      for (let i = 0; i < n; i++)
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width * channels; x++) {
            const row = Math.floor(i / columns) * height + y;
            const at = row * grid.width * channels + (i % columns) * width * channels + x;
            expect(grid.data[at]).toBe(data[(i * height + y) * width * channels + x]);
          }
    },
  );

  test.each([[[-1, 1]], [undefined], [BigInt64Array.of(1n, 0n)]])('%o in place of a host array is refused', (data) => {
    expect(imageGrid({ shape: [1, 1, 2, 1], data: data as never })).toMatchObject({
      left: { _tag: 'ConfigError', where: 'imageGrid.data' },
    });
  });

  test.each([
    [[2, 2, 1], 4, 1],
    [[1, 2, 2, 2], 8, 1],
    [[1, 2, 2, 1], 3, 1],
    [[0, 2, 2, 1], 0, 1],
    [[1, 2, 2, 1], 4, 2 ** 15],
    [[1, 2, 2, 1], 4, 2 ** 40],
    [[1, 2, 2, 5], 20, 1],
    [[-1, -1, 1, 1], 1, 1],
    [[2, 0.5, 1, 1], 1, 1],
    [['1', 1, 1, 1] as never, 1, 1],
  ])('%j with %d numbers at a scale of %d is refused', (shape, length, scale) => {
    expect(imageGrid({ shape, data: new Float32Array(length) }, { scale })).toMatchObject({
      left: { _tag: 'ShapeError', where: 'imageGrid' },
    });
  });
});
