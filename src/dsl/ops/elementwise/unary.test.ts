import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import { wasm } from '../../../backends/wasm/backend.js';
import type { Shape, Tensor } from '../../graph/tensor.js';
import { grad } from '../../transforms/gradient.js';
import { constantOf, scalar } from '../constants.js';
import { sum } from '../reduction/reduction.js';
import { cosh, expm1, log2, sinh } from './unary.js';
import { expectOperation, floats } from '../../../../properties/expectOperation.js';

/** The derivative of a function of each element. */
const slopes =
  <S extends Shape>(f: (x: Tensor<S>) => Tensor<S>) =>
  (x: Tensor<S>): Tensor<S> =>
    grad((v: Tensor<S>) => sum(f(v)))(x);

/** Expects relative errors below 1e-6. */
const expectDigits = (actual: readonly number[], expected: readonly number[]): void =>
  expected.forEach((value, i) => expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(1e-6 * Math.abs(value)));

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

  test.each<[string, (x: Tensor<[9]>) => Tensor<[9]>, (x: number) => number]>([
    ['sinh', sinh, Math.sinh],
    ['cosh', cosh, Math.cosh],
    ['the derivative of sinh', slopes(sinh), Math.cosh],
    ['the derivative of cosh', slopes(cosh), Math.sinh],
    ['the second derivative of cosh', slopes(slopes(cosh)), Math.cosh],
  ])('%s has six digits in float32, near 0 and wherever it is a float32', async (_, f, expected) => {
    const points = [-89, -20, -1e-7, 0, 1e-20, 1e-3, 0.5, 20, 89].map(Math.fround);
    expectDigits(await numbersOf(() => f(constantOf(points, 9)), wasm()), points.map(expected));
  });
});

test('the derivative eˣ of expm1 has six digits in float32, also where eˣ is below the digits of eˣ − 1', async () => {
  const points = [-80, -17, -1, 0, 2];
  expectDigits(await numbersOf(() => slopes(expm1)(constantOf(points, 5)), wasm()), points.map(Math.exp));
});

test('log2', async () => {
  const xs = [0.125, 0.7, 1, 8, 100].map(Math.fround);
  await expectOperation((x: Tensor<[5]>) => log2(x), [floats(xs)], xs.map(Math.log2));
  expect(await numbersOf(() => log2(scalar(0)))).toEqual([-Infinity]);
});
