import { describe, expect, test } from 'vitest';
import { reference } from '../../../backends/reference/index.js';
import { tfjs } from '../../../backends/tfjs/index.js';
import { wasm } from '../../../backends/wasm/backend.js';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import { E } from '../../../internal/fp.js';
import { attempt } from '../../../internal/errors.js';
import { grad } from '../../transforms/gradient.js';
import type { Scalar, Shape, Tensor } from '../../graph/tensor.js';
import { gelu, relu, silu, softplus } from './activation.js';
import * as binary from './binary.js';
import { constantOf, ones, scalar } from '../constants.js';
import { sum } from '../reduction/reduction.js';
import { stack } from '../shape/joining.js';
import * as unary from './unary.js';

const xs = [-2.5, -1, -0.5, 0, 0.5, 1.5, 2.5];
const x = (): Tensor<[7]> => constantOf(xs, 7);

describe('functions of one tensor', () => {
  test.each<[string, (x: Tensor<[7]>) => Tensor<[7]>, (x: number) => number]>([
    ['neg', unary.neg, (v) => -v],
    ['abs', unary.abs, Math.abs],
    ['sign', unary.sign, Math.sign],
    ['floor', unary.floor, Math.floor],
    ['ceil', unary.ceil, Math.ceil],
    ['round', unary.round, (v) => (Math.abs(v % 1) === 0.5 ? 2 * Math.round(v / 2) : Math.round(v))],
    ['exp', unary.exp, Math.exp],
    ['expm1', unary.expm1, Math.expm1],
    ['sin', unary.sin, Math.sin],
    ['cos', unary.cos, Math.cos],
    ['tan', unary.tan, Math.tan],
    ['tanh', unary.tanh, Math.tanh],
    ['atan', unary.atan, Math.atan],
    ['sigmoid', unary.sigmoid, (v) => 1 / (1 + Math.exp(-v))],
    ['square', unary.square, (v) => v * v],
    ['relu', relu, (v) => Math.max(v, 0)],
    ['softplus', softplus, (v) => Math.log1p(Math.exp(v))],
    ['silu', silu, (v) => v / (1 + Math.exp(-v))],
    ['clip', unary.clip(-1, 1), (v) => Math.min(1, Math.max(-1, v))],
    ['stopGradient', unary.stopGradient, (v) => v],
  ])('%s', async (_, f, expected) => {
    const values = await numbersOf(() => f(x()));
    values.forEach((value, i) => expect(value).toBeCloseTo(expected(xs[i]!), 12));
  });

  test.each<[string, (x: Tensor<[3]>) => Tensor<[3]>, (x: number) => number]>([
    ['log', unary.log, Math.log],
    ['log1p', unary.log1p, Math.log1p],
    ['sqrt', unary.sqrt, Math.sqrt],
    ['rsqrt', unary.rsqrt, (v) => 1 / Math.sqrt(v)],
    ['reciprocal', unary.reciprocal, (v) => 1 / v],
  ])('%s of positive numbers', async (_, f, expected) => {
    const values = await numbersOf(() => f(constantOf([0.25, 1, 9], 3)));
    values.forEach((value, i) => expect(value).toBeCloseTo(expected([0.25, 1, 9][i]!), 12));
  });

  test.each([0, 1, 2, 3, 4])('all derivatives of x to the power of %d at 0', async (n) => {
    const power = (v: Scalar): Scalar => binary.pow(v, n);
    const derivatives = [power, grad(power), grad(grad(power)), grad(grad(grad(power)))];
    for (const [k, f] of derivatives.entries()) {
      const factorial = [1, 1, 2, 6][k]!; // the k-th derivative is k! where k = n, and 0 elsewhere
      expect(await numbersOf(() => f(scalar(0)))).toEqual([k === n ? factorial : 0]);
    }
  });

  test('the derivative of xʸ by y is xʸ·ln x, and that of its derivative by x is 1/x at y = 0', async () => {
    const slope = (y: Scalar): Scalar => grad((v: Scalar) => binary.pow(v, y))(scalar(2));
    expect((await numbersOf(() => grad(slope)(scalar(0))))[0]).toBeCloseTo(0.5, 12);
  });

  test('x to the power of 0 is 1 for every x, so its derivative is 0, also at denormal numbers and infinities', async () => {
    const xs = [1e-40, -1e-40, 0, 2, -3, Infinity];
    const slopes = grad((v: Tensor<[6]>) => sum(binary.pow(v, 0)));
    for (const backend of [reference(), tfjs('cpu'), wasm()])
      for (const slope of await numbersOf(() => slopes(constantOf(xs, 6)), backend)) expect(Math.abs(slope)).toBe(0);
  });

  test('1/0 and 1/−0 differ within one program', async () => {
    const both = () => stack([binary.div(scalar(1), 0), binary.div(scalar(1), -0)]);
    for (const backend of [reference(), tfjs('cpu'), wasm()])
      expect(await numbersOf(both, backend)).toEqual([Infinity, -Infinity]);
  });

  test('erf and gelu at 1: Φ(√2) = (1 + erf 1)/2', async () => {
    const erf1 = 0.8427007929497149; // Abramowitz & Stegun 1964, table 7.1
    const [value] = await numbersOf(() => unary.erf(scalar(1)));
    const [activated] = await numbersOf(() => gelu(scalar(Math.SQRT2)));
    expect(value).toBeCloseTo(erf1, 7); // erf is a float32 polynomial
    expect(activated).toBeCloseTo((Math.SQRT2 * (1 + erf1)) / 2, 7);
  });

  test('softplus does not overflow', async () => {
    expect(await numbersOf(() => softplus(constantOf([1000, -1000], 2)))).toEqual([1000, 0]);
  });

  test('isFinite and not', async () => {
    const given = () => constantOf([1, Number.NaN, Number.POSITIVE_INFINITY], 3);
    const flags = (b: Tensor<[3], 'bool'>) => unary.cast(b, 'int32');
    expect(await numbersOf(() => flags(unary.isFinite(given())))).toEqual([1, 0, 0]);
    expect(await numbersOf(() => flags(unary.not(unary.isFinite(given()))))).toEqual([0, 1, 1]);
  });

  test('cast truncates toward zero', async () => {
    expect(await numbersOf(() => unary.cast(x(), 'int32'))).toEqual([-2, -1, 0, 0, 0, 1, 2]);
  });
});

describe('functions of two tensors', () => {
  test.each([
    ['sub', binary.sub, 2, 4],
    ['div', binary.div, 2, 3],
    ['pow', binary.pow, 2, 36],
    ['mod', binary.mod, 4, 2],
    ['mod has the sign of the divisor', binary.mod, -4, -2],
    ['maximum', binary.maximum, 7, 7],
    ['minimum', binary.minimum, 2, 2],
  ])('%s', async (_, f, y, expected) => {
    expect(await numbersOf(() => f(scalar(6), y))).toEqual([expected]);
  });

  test.each([
    ['less', binary.less, [1, 1, 1, 1, 0, 0, 0]],
    ['lessEqual', binary.lessEqual, [1, 1, 1, 1, 1, 0, 0]],
    ['greater', binary.greater, [0, 0, 0, 0, 0, 1, 1]],
    ['greaterEqual', binary.greaterEqual, [0, 0, 0, 0, 1, 1, 1]],
    ['equal', binary.equal, [0, 0, 0, 0, 1, 0, 0]],
    ['notEqual', binary.notEqual, [1, 1, 1, 1, 0, 1, 1]],
  ])('%s', async (_, f, expected) => {
    expect(await numbersOf(() => unary.cast(f(x(), 0.5), 'int32'))).toEqual(expected);
  });

  test('and, or', async () => {
    const table = () => [
      constantOf(Uint8Array.of(0, 0, 1, 1), 4),
      constantOf(Uint8Array.of(0, 1, 0, 1), 4),
    ] as const; // oxfmt-ignore
    const flags = unary.cast('int32');
    expect(await numbersOf(() => flags(binary.and(table()[1], table()[0])))).toEqual([0, 0, 0, 1]);
    expect(await numbersOf(() => flags(binary.or(table()[1], table()[0])))).toEqual([0, 1, 1, 1]);
  });

  test('the derivatives 1/y and −x/y² of x/y are right wherever they are float32 numbers', async () => {
    const xs = [0, 1e-30, 1e30, -3, 1e-20, 0];
    const ys = [1e-30, 1e-30, 1e30, 4, -1e-25, -1e30];
    const byX = () => grad((v: Tensor<[6]>) => sum(binary.div(v, constantOf(ys, 6))))(constantOf(xs, 6));
    const byY = () => grad((v: Tensor<[6]>) => sum(binary.div(constantOf(xs, 6), v)))(constantOf(ys, 6));
    for (const backend of [reference(), tfjs('cpu'), wasm()]) {
      const ratios = (numbers: readonly number[], exact: readonly number[]) =>
        numbers.map((n, i) => (exact[i] === 0 ? 1 + n : n / exact[i]!));
      const near = xs.map(() => expect.closeTo(1, 6));
      expect(ratios(await numbersOf(byX, backend), [1e30, 1e30, 1e-30, 0.25, -1e25, -1e-30])).toEqual(near);
      expect(ratios(await numbersOf(byY, backend), [0, -1e30, -1e-30, 3 / 16, -1e30, 0])).toEqual(near);
    }
  });

  test('rejects a fraction with integers', () => {
    expect(attempt(() => binary.add(constantOf(Int32Array.of(1), 1), 0.5))).toMatchObject(
      E.left({ _tag: 'DTypeError', where: 'add' }),
    );
  });

  test('rejects other shapes that wide types hide', () => {
    const y: Tensor<Shape> = ones(2);
    expect(attempt(() => binary.add(x(), y))).toMatchObject(E.left({ _tag: 'ShapeError' }));
  });
});
