import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../properties/diffusion/run.js';
import { wasm } from '../../backends/wasm/backend.js';
import { type Scalar, scalar, stack, zeros } from '../../dsl/index.js';
import { attempt } from '../../internal/errors.js';
import { E, F } from '../../internal/fp.js';
import {
  cosineDecay,
  cosineRestarts,
  type LearningRate,
  linearDecay,
  piecewise,
  polynomialDecay,
  rateAt,
  rateSettings,
  warmup,
  warmupFromZero,
} from './learningRate.js';

const steps = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 14, 15, 20, 29, 30, 31, 35, 62, 100, 1000] as const;
const ratesOf = (rate: LearningRate, backend?: Parameters<typeof numbersOf>[1]) =>
  numbersOf(() => stack(steps.map((n) => rateAt(rate, scalar(n, 'int32'))) as [Scalar]), backend);

/** T_cur/T_i of SGDR, by iterating over the restarts. */
const progressOf = (n: number, T0: number, growth: number): number => {
  let [current, length] = [n, T0];
  while (current >= length) {
    current -= length;
    length *= growth;
  }
  return current / length;
};
const part = (n: number, from: number, to: number): number => Math.min(1, Math.max(0, (n - from) / (to - from)));

const cases: readonly (readonly [string, LearningRate, (n: number) => number])[] = [
  ['linear', linearDecay(2, { steps: 30, from: 10, floor: 0.1 }), (n) => 2 * (0.1 + 0.9 * (1 - part(n, 10, 30)))],
  ['polynomial', polynomialDecay(2, { steps: 30, power: 1.7, floor: 0.2 }), (n) => 2 * (0.2 + 0.8 * (1 - part(n, 0, 30)) ** 1.7)],
  ['piecewise', piecewise(2, [[5, 0.5], [30, 0.1]]), (n) => (n < 5 ? 2 : n < 30 ? 1 : 0.2)],
  ['warm-up from zero', warmupFromZero(2, 10), (n) => (2 * Math.min(n, 10)) / 10],
  ['restarts of one period', cosineRestarts(2, { period: 5, floor: 0.1 }), (n) => 2 * (0.1 + 0.45 * (1 + Math.cos(Math.PI * progressOf(n, 5, 1))))],
  ['restarts of growing periods', cosineRestarts(2, { period: 2, growth: 2 }), (n) => 1 + Math.cos(Math.PI * progressOf(n, 2, 2))],
  ['restarts with periods that triple', cosineRestarts(2, { period: 7, growth: 3 }), (n) => 1 + Math.cos(Math.PI * progressOf(n, 7, 3))],
  ['composed', F.pipe(2, warmupFromZero(5), linearDecay({ from: 5, steps: 35 })), (n) => (2 * Math.min(n, 5) * (1 - part(n, 5, 35))) / 5],
]; // oxfmt-ignore

describe('a learning rate', () => {
  test.each(cases)('%s follows its formula', async (_, rate, expected) => {
    const actual = await ratesOf(rate);
    steps.forEach((n, i) => expect(actual[i], `at ${n}`).toBeCloseTo(expected(n), 12));
  });

  test.each(cases)('%s follows its formula up to float32 rounding, on wasm', async (_, rate, expected) => {
    const actual = await ratesOf(rate, wasm());
    // a few operations on numbers up to 2, each rounded to 2⁻²⁴ of them; a cosine by a polynomial
    steps.forEach((n, i) => expect(Math.abs(actual[i]! - expected(n)), `at ${n}`).toBeLessThan(2e-6));
  });

  test('restarts exactly at its updates, even late ones', async () => {
    const rate = cosineRestarts(1, { period: 1000, growth: 2 });
    const restarts = [0, 1000, 3000, 7000, 1000 * (2 ** 14 - 1)];
    const rates = await numbersOf(
      () => stack(restarts.map((n) => rateAt(rate, scalar(n, 'int32'))) as [Scalar]),
      wasm(),
    );
    expect(rates).toEqual([1, 1, 1, 1, 1]);
  });

  test('states its settings', () => {
    const rate = F.pipe(0.1, warmup(5), cosineDecay({ from: 5, steps: 35 }), piecewise([[3, 0.5]]));
    expect(JSON.parse(JSON.stringify(rateSettings(rate)))).toEqual({
      piecewise: [[3, 0.5]],
      rate: { cosineDecay: { from: 5, steps: 35, floor: 0 }, rate: { warmup: 5, rate: 0.1 } },
    });
    expect(rateSettings(0.1)).toBe(0.1);
    expect(rateSettings(() => scalar(1))).toBe('a function of the step');
  });

  test.each([
    [() => linearDecay(0.1, { steps: 5, flor: 0.1 } as never), 'linearDecay.flor: expected one of the fields steps, from, floor, got an unknown field; did you mean floor?'],
    [() => linearDecay(0.1, { steps: 0 }), 'linearDecay.steps: expected a number of steps ≥ 1, got 0; count updates, from 0'],
    [() => polynomialDecay(0.1, { steps: 5, power: 0 }), 'polynomialDecay.power: expected a finite number above 0, got 0; change power'],
    [() => piecewise(0.1, [[4, 0.5], [4, 0.1]]), 'piecewise.1.0: expected a number of steps ≥ 5, got 4; count updates, from 0'],
    [() => piecewise(0.1, [[4, -1]]), 'piecewise.0.1: expected a factor ≥ 0, got -1; 0.1 keeps a tenth of the rate'],
    [() => cosineRestarts(0.1, { period: 0 }), 'cosineRestarts.period: expected an integer ≥ 1, got 0; change period'],
    [() => warmupFromZero(0.1, 0), 'warmupFromZero: expected a number of steps ≥ 1, got 0; count updates, from 0'],
  ])('%#: an invalid setting is refused when the rate is made', (make, message) => {
    expect(F.pipe(attempt<unknown>(make), E.mapLeft((error) => error.message))).toEqual(E.left(message));
  }); // oxfmt-ignore

  test.each([
    ['a number', (n: number) => 1e-3 * Math.exp(-n / 100), 'NaN'],
    ['nothing', () => undefined, 'nothing'],
    ['a vector', () => zeros(2), 'float32 [2]'],
    ['the step', (n: unknown) => n, 'int32 []'],
  ])('a function of the step that returns %s is refused', (_, rate, actual) => {
    const made = attempt(() => rateAt(warmup(rate as never, 5), scalar(3, 'int32')));
    expect(F.pipe(made, E.mapLeft((error) => error.message))).toEqual(
      E.left(`learning rate: expected a function of the step that returns a float32 scalar, got one that returns ${actual}; the step is a tensor: write operations, such as (step) => mul(1e-3, exp(mul(cast(step, "float32"), -0.01)))`),
    );
  }); // oxfmt-ignore
});
