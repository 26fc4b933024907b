import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import { wasm } from '../../../backends/wasm/backend.js';
import { grad } from '../../transforms/gradient.js';
import type { Scalar, Tensor } from '../../graph/tensor.js';
import { scalar } from '../constants.js';
import { elu, gelu, leakyRelu } from './activation.js';
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

describe('gelu by tanh', () => {
  const formula = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

  test('is ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), with its derivative, on other backends than the reference too', async () => {
    const xs = [-3, -1, -0.25, 0.125, 1, 2];
    await expectOperation((x: Tensor<[6]>) => gelu(x, { approximate: 'tanh' }), [floats(xs)], xs.map(formula));
  });

  test('has digits where 1 + tanh has none in float32, and a derivative for large x', async () => {
    const f = (v: Scalar) => gelu(v, { approximate: 'tanh' });
    // 1 + tanh u = 2/(1 + e^(−2·u)), in float64
    const u = Math.sqrt(2 / Math.PI) * (-5.5 - 0.044715 * 5.5 ** 3);
    expect((await numbersOf(() => f(scalar(-5.5)), wasm()))[0]! / (-5.5 / (1 + Math.exp(-2 * u)))).toBeCloseTo(1, 5);
    expect(await numbersOf(() => grad(f)(scalar(1e15)), wasm())).toEqual([1]);
    expect(await numbersOf(() => grad(f)(scalar(-1e15)), wasm())).toEqual([0]);
  });
});
