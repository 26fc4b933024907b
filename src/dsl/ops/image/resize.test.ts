import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import { expectOperation, floats } from '../../../../properties/expectOperation.js';
import { E, F } from '../../../internal/fp.js';
import { attempt } from '../../../internal/errors.js';
import type { Dim, Tensor } from '../../graph/tensor.js';
import { constantOf, zeros } from '../constants.js';
import { pixelShuffle, pixelUnshuffle, resizeBilinear, resizeNearest, upsample } from './resize.js';

const data = Array.from({ length: 48 }, (_, i) => ((i * 7) % 13) / 4 - 1);
/** `data` as [2, 3, 4, 2]. */
const pixel = (b: number, h: number, w: number, c: number): number => data[((b * 3 + h) * 4 + w) * 2 + c]!;
const clamp = (x: number, high: number): number => Math.min(high, Math.max(0, x));

/** The definition: applies a function to the position of each new pixel centre in the old image. */
const resized = (
  height: number,
  width: number,
  at: (b: number, y: number, x: number, c: number) => number,
): readonly number[] =>
  Array.from({ length: 2 * height * width * 2 }, (_, n) => {
    const [i, j] = [Math.floor(n / 2 / width) % height, Math.floor(n / 2) % width];
    return at(Math.floor(n / 2 / width / height), ((i + 0.5) * 3) / height - 0.5, ((j + 0.5) * 4) / width - 0.5, n % 2); // oxfmt-ignore
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
    const operands = [floats(data, 2, 3, 4, 2)];
    await expectOperation(
      (x: Tensor<[2, 3, 4, 2]>) => resizeNearest(x, height, width),
      operands,
      resized(height, width, atNearest),
    );
    await expectOperation(
      (x: Tensor<[2, 3, 4, 2]>) => resizeBilinear(x, height, width),
      operands,
      resized(height, width, bilinear),
    );
  }); // oxfmt-ignore

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

const counted = (length: number): readonly number[] => Array.from({ length }, (_, i) => i);

/**
 * `torch.nn.functional.pixel_shuffle` of a tensor that is permuted to NCHW before, and to NHWC after: by its
 * documentation, output[n, c, h·r + i, w·r + j] = input[n, c·r² + i·r + j, h, w].
 */
const shuffled = (x: readonly number[], [B, H, W, C]: readonly [number, number, number, number], r: number) => {
  const result = Array.from({ length: x.length }, () => NaN);
  for (let n = 0; n < B; n++)
    for (let c = 0; c < C; c++)
      for (let h = 0; h < H; h++)
        for (let w = 0; w < W; w++)
          for (let i = 0; i < r; i++)
            for (let j = 0; j < r; j++)
              result[((n * H * r + h * r + i) * W * r + w * r + j) * C + c] =
                x[((n * H + h) * W + w) * C * r * r + c * r * r + i * r + j]!;
  return result;
};

describe('pixelShuffle', () => {
  test.each([1, 2, 3])('equals PyTorch for r = %d, and so does its gradient', async (r) => {
    const x = counted(2 * 2 * 3 * 2 * r * r);
    await expectOperation(
      (t: Tensor<[2, 2, 3, number]>) => pixelShuffle(t, r),
      [floats(x, 2, 2, 3, 2 * r * r)],
      shuffled(x, [2, 2, 3, 2], r),
    );
  });

  test('pixelUnshuffle is its inverse', async () => {
    const extent = fc.integer({ min: 1, max: 3 });
    await fc.assert(
      fc.asyncProperty(extent, extent, extent, extent, extent, async (B, H, W, C, r) => {
        const x = counted(B * H * W * C * r * r);
        const image = () => constantOf(x, B, H * r, W * r, C);
        expect(await numbersOf(() => F.pipe(image(), pixelUnshuffle(r), pixelShuffle(r)))).toEqual(x);
        const channels = () => constantOf(x, B, H, W, C * r * r);
        expect(await numbersOf(() => pixelUnshuffle(pixelShuffle(channels(), r), r))).toEqual(x);
      }),
      { numRuns: 20 },
    );
  });

  test.each<[string, () => unknown, string]>([
    ['channels that r² does not divide', () => pixelShuffle(zeros(1, 2, 2, 6), 2 as number), 'ShapeError'],
    ['a height that r does not divide', () => pixelUnshuffle(zeros(1, 3, 2, 6), 2 as number), 'ShapeError'],
    ['a width that r does not divide', () => pixelUnshuffle(zeros(1, 2, 3, 6), 2 as number), 'ShapeError'],
    ['tokens', () => pixelShuffle(zeros(1, 2, 4) as unknown as Tensor<[1, 2, 4, 4]>, 2), 'ShapeError'],
    ['a factor of 0', () => pixelShuffle(zeros(1, 2, 2, 4), 0 as number), 'ConfigError'],
    ['half a factor', () => pixelUnshuffle(zeros(1, 2, 2, 4), 0.5 as number), 'ConfigError'],
  ])('rejects %s', (_, build, tag) => {
    expect(attempt(build)).toMatchObject(E.left({ _tag: tag }));
  });
});
