import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import { wasm } from '../../../backends/wasm/backend.js';
import { grad } from '../../transforms/gradient.js';
import type { Scalar, Tensor } from '../../graph/tensor.js';
import { scalar } from '../constants.js';
import { elu, leakyRelu } from './activation.js';
import { expectOperation, floats } from '../../../../properties/expectOperation.js';

describe('rectifiers', () => {
  const xs = [-3, -1, -0.25, 0.125, 1, 2];

  test.each<[string, (x: Tensor<[6]>) => Tensor<[6]>, (x: number) => number]>([
    ['leakyRelu', leakyRelu(), (x) => (x < 0 ? 0.01 * x : x)],
    ['leakyRelu of another slope', leakyRelu(0.25), (x) => (x < 0 ? 0.25 * x : x)],
    ['elu', elu(), (x) => (x < 0 ? Math.expm1(x) : x)],
    ['elu of another alpha', elu(2), (x) => (x < 0 ? 2 * Math.expm1(x) : x)],
  ])('%s', async (_, f, expected) => {
    await expectOperation(f, [floats(xs)], xs.map(expected));
  });

  test('elu is smooth at 0, and does not overflow, nor does its gradient', async () => {
    const slope = (x: number) => numbersOf(() => grad((v: Scalar) => elu(v))(scalar(x)));
    expect(await slope(0)).toEqual([1]);
    expect(await slope(1e6)).toEqual([1]);
    expect(await numbersOf(() => elu(scalar(1e6)))).toEqual([1e6]);
  });

  test('the derivative α·eˣ of elu below 0 keeps its digits in float32', async () => {
    const slope = () => grad((v: Scalar) => elu(v, 2))(scalar(-17));
    expect((await numbersOf(slope, wasm()))[0]! / (2 * Math.exp(-17))).toBeCloseTo(1, 6);
  });
});
