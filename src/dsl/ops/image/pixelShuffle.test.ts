import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import { expectOperation, floats } from '../../../../properties/expectOperation.js';
import { E, F } from '../../../internal/fp.js';
import { attempt } from '../../../internal/errors.js';
import type { Tensor } from '../../graph/tensor.js';
import { constantOf, zeros } from '../constants.js';
import { pixelShuffle, pixelUnshuffle } from './resize.js';

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
