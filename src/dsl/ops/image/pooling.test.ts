import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import { expectOperation, floats } from '../../../../properties/expectOperation.js';
import { E } from '../../../internal/fp.js';
import { attempt } from '../../../internal/errors.js';
import type { Tensor } from '../../graph/tensor.js';
import { constantOf, ones, zeros } from '../constants.js';
import { averagePool, averagePooling, maxPool, maxPooling, type Pooling } from './pooling.js';

type Image = Tensor<[2, 5, 4, 2]>;
/** Well separated numbers, so that maxima are differentiable. */
const data = Array.from({ length: 80 }, (_, i) => ((i * 37) % 80) / 8 - 5);

/** The definition: combines the pixels of each window, after `low` pixels of padding. */
const windows = (
  [kh, kw]: readonly [number, number],
  [sh, sw]: readonly [number, number],
  low: readonly [number, number],
  [oh, ow]: readonly [number, number],
  of: (pixels: readonly number[]) => number,
): readonly number[] => {
  const range = (n: number): readonly number[] => [...Array.from({ length: n }).keys()];
  const seen = (extent: number, k: number, start: number): readonly number[] =>
    range(k).map((i) => start + i).filter((i) => i >= 0 && i < extent); // oxfmt-ignore
  return range(2).flatMap((b) =>
    range(oh).flatMap((i) =>
      range(ow).flatMap((j) =>
        range(2).map((c) =>
          of(
            seen(5, kh, i * sh - low[0]).flatMap((h) =>
              seen(4, kw, j * sw - low[1]).map((w) => data[((b * 5 + h) * 4 + w) * 2 + c]!),
            ),
          ),
        ),
      ),
    ),
  );
};
const greatest = (xs: readonly number[]): number => Math.max(...xs);
const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;

const cases: readonly (readonly [string, Pooling, low: readonly [number, number], out: readonly [number, number]])[] = [
  ['windows side by side', { window: [2, 2] }, [0, 0], [2, 2]],
  ['windows that overlap', { window: [3, 2], strides: [1, 2] }, [0, 0], [3, 2]],
  ['of the same size', { window: [3, 2], strides: [1, 1], padding: 'same' }, [1, 0], [5, 4]],
  ['padded', { window: [3, 3], strides: [2, 2], padding: [[1, 1], [2, 0]] }, [1, 2], [3, 2]],
  ['windows apart', { window: [1, 2], strides: [3, 2] }, [0, 0], [2, 2]],
  ['one window', { window: [5, 4] }, [0, 0], [1, 1]],
]; // oxfmt-ignore

describe('pooling', () => {
  test.each(cases)('maxPooling: %s', async (_, given, low, out) => {
    await expectOperation(
      (x: Image) => maxPooling(x, given),
      [floats(data, 2, 5, 4, 2)],
      windows(given.window, given.strides ?? given.window, low, out, greatest),
    );
  });

  test.each(cases)('averagePooling: %s', async (_, given, low, out) => {
    await expectOperation(
      (x: Image) => averagePooling(x, given),
      [floats(data, 2, 5, 4, 2)],
      windows(given.window, given.strides ?? given.window, low, out, mean),
    );
  });

  test('maxPool and averagePool have 2×2 windows', async () => {
    const x = () => constantOf([1, 2, 5, 0, 3, 6, 7, 4], 1, 2, 4, 1);
    expect(await numbersOf(() => maxPool(x()))).toEqual([6, 7]);
    expect(await numbersOf(() => averagePool(x()))).toEqual(await numbersOf(() => averagePooling(x(), { window: [2, 2] }))); // oxfmt-ignore
  });

  test('reject odd sizes, an image smaller than a window, and windows without pixels', () => {
    expect(attempt(() => maxPool(zeros(1, 3 as number, 4, 1)))).toMatchObject(E.left({ _tag: 'ShapeError' }));
    expect(attempt(() => maxPooling(ones(1, 2, 3, 1), { window: [3, 3] }))).toMatchObject(
      E.left({ _tag: 'ShapeError', where: 'maxPooling' }),
    );
    const wrongs: readonly Pooling[] = [
      { window: [0, 2] },
      { window: [2, 1.5] },
      { window: [2, 2], strides: [0, 1] },
      {
        window: [2, 2],
        padding: [
          [2, 0],
          [0, 0],
        ],
      },
    ];
    for (const wrong of wrongs)
      // oxfmt-ignore
      expect(attempt(() => averagePooling(ones(1, 4, 4, 1), wrong))).toMatchObject(
        E.left({ _tag: 'ConfigError', where: 'averagePooling' }),
      );
  });
});
