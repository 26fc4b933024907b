import { describe, expect, test } from 'vitest';
import { expectOperation, floats, integers } from '../../../../properties/expectOperation.js';
import { E } from '../../../internal/fp.js';
import { attempt } from '../../../internal/errors.js';
import type { Tensor } from '../../graph/tensor.js';
import { cumprod } from './reduction.js';
import { ones } from '../constants.js';

/** The cumulative products of each row. */
const products = (xs: readonly number[], extent: number): readonly number[] => {
  const out: number[] = [];
  xs.forEach((x, i) => out.push(i % extent === 0 ? x : x * out[i - 1]!));
  return out;
};

describe('cumprod', () => {
  test.each([1, 2, 3, 4, 5, 8, 9])('of %d elements', async (extent) => {
    const xs = Array.from({ length: 2 * extent }, (_, i) => ((i * 7) % 5) / 2 - 0.75);
    await expectOperation(
      (x: Tensor<[2, number]>) => cumprod(x, 1),
      [floats(xs, 2, extent)],
      products(xs.map(Math.fround), extent),
    );
  });

  test('with zeros, in value and gradient', async () => {
    const xs = [2, 0, 3, 0, 5];
    await expectOperation((x: Tensor<[5]>) => cumprod(x, 0), [floats(xs)], [2, 0, 0, 0, 0]);
  });

  test('along the first axis, and of integers', async () => {
    await expectOperation((x: Tensor<[2, 2]>) => cumprod(x, 0), [floats([1, 2, 3, 4], 2, 2)], [1, 2, 3, 8]);
    await expectOperation((x: Tensor<[3], 'int32'>) => cumprod(x, -1), [integers([3, -2, 7])], [3, -6, -42], {
      differentiable: false,
    });
  });

  test('rejects an invalid axis', () => {
    expect(attempt(() => cumprod(ones(2, 2), 2))).toMatchObject(E.left({ _tag: 'ShapeError' }));
  });
});
