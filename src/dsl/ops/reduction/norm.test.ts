import { describe, expect, test } from 'vitest';
import { expectOperation, floats } from '../../../../properties/expectOperation.js';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import { grad } from '../../transforms/gradient.js';
import type { Scalar, Tensor } from '../../graph/tensor.js';
import { constantOf, zeros } from '../constants.js';
import { rmsNorm } from '../network/normalization.js';
import { norm, sum } from './reduction.js';

describe('norm', () => {
  const xs = [1, -2, 2, 0.5, 3, -4];

  test('over an axis', async () => {
    const expected = [Math.hypot(1, -2, 2), Math.hypot(0.5, 3, -4)];
    await expectOperation((x: Tensor<[2, 3]>) => norm(x, -1), [floats(xs, 2, 3)], expected);
  });

  test('over all', async () => {
    const all = (x: Tensor<[2, 3]>): Scalar => norm(x);
    await expectOperation(all, [floats(xs, 2, 3)], [Math.hypot(...xs)]);
  });

  test('has the gradient 0 at 0, also next to another row', async () => {
    const slopes = grad((x: Tensor<[2, 2]>) => sum(norm(x, -1)));
    expect(await numbersOf(() => slopes(constantOf([0, 0, 3, 4], 2, 2)))).toEqual([
      0,
      0,
      expect.closeTo(0.6, 12),
      expect.closeTo(0.8, 12),
    ]);
    const curvature = grad((x: Tensor<[2]>) => sum(grad((y: Tensor<[2]>) => norm(y))(x)));
    expect(await numbersOf(() => curvature(zeros(2)))).toEqual([0, 0]);
  });
});

describe('rmsNorm', () => {
  test('divides by the root of the mean square, then scales', async () => {
    const [x, gamma] = [
      [1, -2, 2, 0.5, 3, -4],
      [1, 2, -0.5],
    ];
    const rms = (row: readonly number[]) => Math.sqrt(row.reduce((a, b) => a + b * b, 0) / 3 + 1e-6);
    const roots = [rms(x.slice(0, 3)), rms(x.slice(3))];
    await expectOperation(
      (h: Tensor<[2, 3]>, g: Tensor<[3]>) => rmsNorm(h, { gamma: g }),
      [floats(x, 2, 3), floats(gamma)],
      x.map((v, i) => (v / roots[Math.floor(i / 3)]!) * gamma[i % 3]!),
    );
  });

  test('maps zeros to zeros', async () => {
    expect(await numbersOf(() => rmsNorm(zeros(2), { gamma: constantOf([1, 1], 2) }))).toEqual([0, 0]);
  });
});
