import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import type { Tensor } from '../../graph/tensor.js';
import { scalar } from '../constants.js';
import { cosh, log2, sinh } from './unary.js';
import { expectOperation, floats } from '../../../../properties/expectOperation.js';

describe('hyperbolic functions', () => {
  const xs = [-3, -1, -0.25, 0, 0.5, 2];

  test.each<[string, (x: Tensor<[6]>) => Tensor<[6]>, (x: number) => number]>([
    ['sinh', sinh, Math.sinh],
    ['cosh', cosh, Math.cosh],
  ])('%s', async (_, f, expected) => {
    await expectOperation(f, [floats(xs)], xs.map(expected));
  });

  test('sinh is accurate near 0, and infinite for large |x|', async () => {
    expect(await numbersOf(() => sinh(scalar(1e-20)))).toEqual([1e-20]);
    expect(await numbersOf(() => sinh(scalar(-1000)))).toEqual([-Infinity]);
    expect(await numbersOf(() => sinh(scalar(1000)))).toEqual([Infinity]);
  });
});

test('log2', async () => {
  const xs = [0.125, 0.7, 1, 8, 100].map(Math.fround);
  await expectOperation((x: Tensor<[5]>) => log2(x), [floats(xs)], xs.map(Math.log2));
  expect(await numbersOf(() => log2(scalar(0)))).toEqual([-Infinity]);
});
