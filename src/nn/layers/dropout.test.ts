import { describe, expect, test } from 'vitest';
import { numbersOf, outcomeOf } from '../../../properties/diffusion/run.js';
import { constantOf, grad, ones, sum, type Tensor } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { dropout } from './layers.js';

const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;

describe('dropout', () => {
  const n = 10_000;
  const x = ones(n);

  test('keeps the mean, and drops as many as it says', async () => {
    const y = await numbersOf((k) => dropout(x, 0.25, k));
    expect(new Set(y)).toEqual(new Set([0, 1 / 0.75]));
    // five standard deviations of the mean of n draws
    expect(Math.abs(mean(y) - 1)).toBeLessThan((5 * Math.sqrt(0.25 / 0.75)) / Math.sqrt(n));
  });

  test('the gradient goes where the activation went', async () => {
    const forward = await numbersOf((k) => dropout(x, 0.25, k));
    expect(await numbersOf((k) => grad((p: Tensor<[10000]>) => sum(dropout(p, 0.25, k)))(x))).toEqual(forward);
  });

  test('what is dropped is zero, even if it was infinite', async () => {
    const y = await numbersOf((k) => dropout(constantOf(new Float64Array(100).fill(Infinity), 100), 0.5, k));
    expect(new Set(y)).toEqual(new Set([0, Infinity]));
  });

  test('a rate of 0 is the identity', async () => {
    const y = constantOf([1, 2], 2);
    await numbersOf((k) => {
      expect(dropout(y, 0, k)).toBe(y);
      return y;
    });
  });

  test.each([-0.1, 1, Number.NaN])('%d is no rate', async (rate) => {
    const outcome = await outcomeOf((k) => dropout(x, rate, k))();
    expect(E.isLeft(outcome) && outcome.left.message).toBe(
      `dropout: expected a rate in [0, 1), got ${rate}; give the fraction that is dropped, such as 0.1`,
    );
  });
});
