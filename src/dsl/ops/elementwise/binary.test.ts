import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import type { Tensor } from '../../graph/tensor.js';
import { grad } from '../../transforms/gradient.js';
import * as binary from './binary.js';
import { constantOf, scalar, zeros } from '../constants.js';
import { sum } from '../reduction/reduction.js';
import { cast, clip } from './unary.js';

const xs = [3, 5];
const x = (): Tensor<[2]> => constantOf(xs, 2);

describe('either operand may be a number or a scalar', () => {
  const power = (a: number, b: number): number => a ** b;
  const modulo = (a: number, b: number): number => a - b * Math.floor(a / b);

  test.each<[string, typeof binary.div, (a: number, b: number) => number]>([
    ['add', binary.add, (a, b) => a + b],
    ['sub', binary.sub, (a, b) => a - b],
    ['mul', binary.mul, (a, b) => a * b],
    ['div', binary.div, (a, b) => a / b],
    ['pow', binary.pow, power],
    ['mod', binary.mod, modulo],
    ['maximum', binary.maximum, Math.max],
    ['minimum', binary.minimum, Math.min],
  ])('%s', async (_, op, expected) => {
    const [left, right] = [xs.map((v) => expected(4, v)), xs.map((v) => expected(v, 4))];
    expect(await numbersOf(() => op(4, x()))).toEqual(left);
    expect(await numbersOf(() => op(scalar(4), x()))).toEqual(left);
    expect(await numbersOf(() => op(x(), 4))).toEqual(right);
    expect(await numbersOf(() => op(x(), scalar(4)))).toEqual(right);
  });

  test.each<[string, typeof binary.less, (a: number, b: number) => boolean]>([
    ['less', binary.less, (a, b) => a < b],
    ['lessEqual', binary.lessEqual, (a, b) => a <= b],
    ['greater', binary.greater, (a, b) => a > b],
    ['greaterEqual', binary.greaterEqual, (a, b) => a >= b],
    ['equal', binary.equal, (a, b) => a === b],
    ['notEqual', binary.notEqual, (a, b) => a !== b],
  ])('%s', async (_, op, expected) => {
    for (const s of xs) {
      const [left, right] = [xs.map((v) => Number(expected(s, v))), xs.map((v) => Number(expected(v, s)))];
      expect(await numbersOf(() => cast(op(s, x()), 'int32'))).toEqual(left);
      expect(await numbersOf(() => cast(op(scalar(s), x()), 'int32'))).toEqual(left);
      expect(await numbersOf(() => cast(op(x(), s), 'int32'))).toEqual(right);
      expect(await numbersOf(() => cast(op(x(), scalar(s)), 'int32'))).toEqual(right);
    }
  });

  test('a scalar with a number or another scalar is a scalar', async () => {
    expect(await numbersOf(() => binary.sub(1, scalar(4)))).toEqual([-3]);
    expect(await numbersOf(() => binary.sub(scalar(4), scalar(1)))).toEqual([3]);
  });

  test('a number takes the dtype of the tensor', async () => {
    expect(await numbersOf(() => binary.sub(10, constantOf(Int32Array.of(1, 2), 2)))).toEqual([9, 8]);
  });
});

describe('derivatives where a function has a corner', () => {
  test.each([
    ['maximum', binary.maximum],
    ['minimum', binary.minimum],
  ])('%s(x, x) is x, so its derivative is 1, and half of it goes to each operand', async (_, op) => {
    const both = grad((v: Tensor<[2]>) => sum(op(v, v)));
    expect(await numbersOf(() => both(x()))).toEqual([1, 1]);
    const first = grad((v: Tensor<[2]>) => sum(op(v, x())));
    const second = grad((v: Tensor<[2]>) => sum(op(x(), v)));
    expect(await numbersOf(() => first(x()))).toEqual([0.5, 0.5]);
    expect(await numbersOf(() => second(x()))).toEqual([0.5, 0.5]);
  });

  test('pow(0, y) is 0 for every y > 0, so its derivative by y is 0', async () => {
    const slopes = grad((y: Tensor<[3]>) => sum(binary.pow(zeros(3), y)));
    expect(await numbersOf(() => slopes(constantOf([0.5, 1, 3], 3)))).toEqual([0, 0, 0]);
  });
});

describe('where', () => {
  const isLarge = () => binary.greater(x(), 4);

  test('takes `yes` where the condition holds, and `no` elsewhere', async () => {
    const no = () => constantOf([-1, -2], 2);
    expect(await numbersOf(() => binary.where(isLarge(), x(), no()))).toEqual([-1, 5]);
  });

  test('either branch may be a number, of the dtype of the other', async () => {
    const whole = () => constantOf(Int32Array.of(3, 5), 2);
    expect(await numbersOf(() => binary.where(isLarge(), 7, x()))).toEqual([3, 7]);
    expect(await numbersOf(() => binary.where(isLarge(), x(), 7))).toEqual([7, 5]);
    expect(await numbersOf(() => binary.where(isLarge(), whole(), 7))).toEqual([7, 5]);
  });

  test('a scalar condition selects a whole branch', async () => {
    const holds = (value: boolean) => binary.equal(scalar(value ? 1 : 0), 1);
    expect(await numbersOf(() => binary.where(holds(true), x(), 0))).toEqual(xs);
    expect(await numbersOf(() => binary.where(holds(false), x(), 0))).toEqual([0, 0]);
  });
});

test('a branch of where, a bound of clip and an operand of and, or may be a scalar', async () => {
  const isLarge = () => binary.greater(x(), 4);
  const yes = () => binary.greater(scalar(1), 0);
  expect(await numbersOf(() => binary.where(isLarge(), scalar(9), x()))).toEqual([3, 9]);
  expect(await numbersOf(() => binary.where(isLarge(), x(), scalar(9)))).toEqual([9, 5]);
  expect(await numbersOf(() => binary.where(yes(), scalar(9), x()))).toEqual([9, 9]);
  expect(await numbersOf(() => clip(x(), scalar(4), 9))).toEqual([4, 5]);
  expect(await numbersOf(() => cast(binary.and(isLarge(), yes()), 'float32'))).toEqual([0, 1]);
  expect(await numbersOf(() => cast(binary.or(yes(), isLarge()), 'float32'))).toEqual([1, 1]);
});
