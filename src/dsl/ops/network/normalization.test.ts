import { describe, expect, test } from 'vitest';
import { expectOperation, floats } from '../../../../properties/expectOperation.js';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import type { Tensor } from '../../graph/tensor.js';
import { constantOf, zeros } from '../constants.js';
import { rmsNorm } from './normalization.js';

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
