import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import { expectOperation, floats } from '../../../../properties/expectOperation.js';
import { E } from '../../../internal/fp.js';
import { attempt } from '../../../internal/errors.js';
import type { Dim, Tensor } from '../../graph/tensor.js';
import { constantOf, zeros } from '../constants.js';
import { resizeBilinear, resizeNearest, upsample } from './resize.js';

const data = Array.from({ length: 48 }, (_, i) => ((i * 7) % 13) / 4 - 1);
/** `data` as [2, 3, 4, 2]. */
const pixel = (b: number, h: number, w: number, c: number): number => data[((b * 3 + h) * 4 + w) * 2 + c]!;
const clamp = (x: number, high: number): number => Math.min(high, Math.max(0, x));

/** The definition: a function of the position of each new centre in the old image. */
const resized = (
  height: number,
  width: number,
  at: (b: number, y: number, x: number, c: number) => number,
): readonly number[] =>
  Array.from({ length: 2 * height * width * 2 }, (_, n) => {
    const [i, j] = [Math.floor(n / 2 / width) % height, Math.floor(n / 2) % width];
    return at(Math.floor(n / 2 / width / height), ((i + 0.5) * 3) / height - 0.5, ((j + 0.5) * 4) / width - 0.5, n % 2); // prettier-ignore
  });

const atNearest = (b: number, y: number, x: number, c: number): number =>
  pixel(b, clamp(Math.round(y), 2), clamp(Math.round(x), 3), c);

const bilinear = (b: number, y: number, x: number, c: number): number => {
  const [h, w] = [clamp(y, 2), clamp(x, 3)];
  const corner = (i: number, j: number): number =>
    pixel(b, Math.min(i, 2), Math.min(j, 3), c) * (1 - Math.abs(h - i)) * (1 - Math.abs(w - j));
  const [i, j] = [Math.floor(h), Math.floor(w)];
  return corner(i, j) + corner(i + 1, j) + corner(i, j + 1) + corner(i + 1, j + 1);
};

describe('resizing', () => {
  test.each([[6, 8], [3, 4], [2, 3], [5, 7], [1, 1], [4, 1]])('to %d×%d', async (height, width) => {
    const given = [floats(data, 2, 3, 4, 2)];
    await expectOperation(
      (x: Tensor<[2, 3, 4, 2]>) => resizeNearest(x, height, width),
      given,
      resized(height, width, atNearest),
    );
    await expectOperation(
      (x: Tensor<[2, 3, 4, 2]>) => resizeBilinear(x, height, width),
      given,
      resized(height, width, bilinear),
    );
  }); // prettier-ignore

  test('resizeNearest to twice the size equals upsample', async () => {
    const image = () => constantOf(data, 2, 3, 4, 2);
    expect(await numbersOf(() => resizeNearest(image(), 6, 8))).toEqual(await numbersOf(() => upsample(image())));
  });

  test('rejects sizes and images without pixels', () => {
    for (const resize of [resizeNearest, resizeBilinear]) {
      expect(attempt(() => resize(0 as number, 3)(zeros(1, 2, 2, 1)))).toMatchObject(E.left({ _tag: 'ShapeError' }));
      expect(attempt(() => resize(2.5 as number, 3)(zeros(1, 2, 2, 1)))).toMatchObject(E.left({ _tag: 'ShapeError' }));
      const none = zeros(1, 0, 2, 1) as Tensor<[1, Dim, 2, 1]>;
      expect(attempt(() => resize(2, 2)(none))).toMatchObject(E.left({ _tag: 'ShapeError' }));
    }
  });
});
