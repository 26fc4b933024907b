import { describe, expect, test } from 'vitest';
import { numbersOf, outcomeOf } from '../../../properties/diffusion/run.js';
import { wasm } from '../../backends/wasm/backend.js';
import { constantOf, scalar } from '../../dsl/index.js';
import { attempt } from '../../internal/errors.js';
import { E, F } from '../../internal/fp.js';
import { type Averaging, ema, emaConstant, emaDecay, emaHalfLife, emaPower, emaWarmup, gammaOf } from './ema.js';

test.each([
  [0, 1 / 10],
  [1, 2 / 11],
  [90, 91 / 100],
  [1780, 1781 / 1790],
  [1_000_000, 0.995],
])('after %i updates the decay is %d: a warm-up, then the given decay', async (n, decay) => {
  const [actual] = await numbersOf(() => emaDecay(scalar(n, 'int32'), 0.995));
  expect(actual).toBeCloseTo(Math.min(decay, 0.995), 14);
});

test('the average is d·average + (1 − d)·params in each leaf', async () => {
  const average = { w: constantOf([1, 2], 2), b: [scalar(0)] };
  const params = { w: constantOf([5, 5], 2), b: [scalar(10)] };
  const next = ema(average, params, emaDecay(scalar(0, 'int32'), 0.9));
  const approx = (xs: readonly number[]): readonly string[] => xs.map((x) => x.toFixed(12));
  expect(approx(await numbersOf(() => next.w))).toEqual(approx([0.1 + 0.9 * 5, 0.2 + 0.9 * 5]));
  expect(approx(await numbersOf(() => next.b[0]!))).toEqual(approx([9]));
});

test('the average of equal parameters is unchanged, bit for bit', async () => {
  const same = { w: constantOf([0.1, -1e30], 2) };
  expect(await numbersOf(() => ema(same, same, 0.999).w)).toEqual([0.1, -1e30]);
});

test('refuses a decay of 1', async () => {
  const outcome = await outcomeOf(() => emaDecay(scalar(0, 'int32'), 1))();
  expect(E.isLeft(outcome) && outcome.left.message).toBe(
    'emaDecay: expected a decay in [0, 1), got 1; 0.9 and 0.999 are usual',
  );
});

test('both forms of ema are equal, and refuse a decay of 1', async () => {
  const [average, params] = [{ w: constantOf([1, 2], 2) }, { w: constantOf([5, 5], 2) }];
  expect(await numbersOf(() => F.pipe(average, ema(params, 0.5)).w)).toEqual([3, 3.5]);
  expect(await numbersOf(() => ema(average, params, 0.5).w)).toEqual([3, 3.5]);
  const outcome = await outcomeOf(() => ema(average, params, 1).w)();
  expect(E.isLeft(outcome) && outcome.left.message).toContain('ema: expected a decay in [0, 1), got 1');
});

describe('the decay of an average', () => {
  const updates = [0, 1, 2, 3, 10, 100, 5000, 1_000_000] as const;
  /** 1 − β at each update, in float64. */
  const cases: readonly (readonly [string, Averaging, (n: number) => number])[] = [
    ['constant', emaConstant(0.9999), () => 1e-4],
    ['warm-up', emaWarmup({ inverseGamma: 10, power: 0.75, decay: 0.9999 }), (n) => Math.max((1 + n / 10) ** -0.75, 1e-4)],
    ['warm-up that begins later', emaWarmup({ from: 3 }), (n) => Math.max((1 + Math.max(0, n - 3)) ** (-2 / 3), 1e-4)],
    ['half-life', emaHalfLife({ images: 500_000, batch: 512 }), () => 1 - 0.5 ** (512 / 500_000)],
    ['half-life with a ramp-up', emaHalfLife({ images: 500_000, batch: 512, rampup: 0.05 }), (n) => 1 - 0.5 ** (512 / Math.max(Math.min(500_000, n * 512 * 0.05), 1e-8))],
    ['power', emaPower(0.05), (n) => 1 - (1 - 1 / (n + 1)) ** (16.97 + 1)],
  ]; // oxfmt-ignore

  test.each(cases)('%s follows its formula', async (_, { share }, expected) => {
    for (const n of updates) {
      const [actual] = await numbersOf(() => share(scalar(n, 'int32')));
      // γ = 16.97 is rounded as in the paper
      expect(Math.abs(actual! - expected(n)) / expected(n), `at ${n}`).toBeLessThan(3e-4);
    }
  });

  test.each(cases)('%s has an accurate share in float32, even if β is near 1', async (_, { share }) => {
    for (const n of updates) {
      const of = () => share(scalar(n, 'int32'));
      const [[float64], [float32]] = [await numbersOf(of), await numbersOf(of, wasm())];
      // a function of a rounded number, with γ + 1 = 18 as its greatest condition
      expect(Math.abs(float32! / float64! - 1), `at ${n}`).toBeLessThan(40 * 2 ** -24);
    }
  });

  test('a power function has the given width', () => {
    for (const sigmaRel of [0.01, 0.05, 0.1, 0.25]) {
      // p(τ) ∝ τ^γ over [0, 1]: mean and variance by a sum
      const gamma = gammaOf(sigmaRel);
      const points = Array.from({ length: 200_000 }, (_, i) => (i + 0.5) / 200_000);
      const moment = (k: number): number => points.reduce((sum, τ) => sum + τ ** (gamma + k), 0);
      const [m0, m1, m2] = [moment(0), moment(1), moment(2)];
      expect(Math.sqrt(m2 / m0 - (m1 / m0) ** 2)).toBeCloseTo(sigmaRel, 6);
    }
  });

  test.each([
    [() => emaConstant(1), 'emaConstant: expected a decay in [0, 1), got 1; 0.9 and 0.999 are usual'],
    [() => emaWarmup({ decay: 1 }), 'emaWarmup.decay: expected a decay in [0, 1), got 1; 0.9 and 0.999 are usual'],
    [() => emaWarmup({ gamma: 1 } as never), 'emaWarmup.gamma: expected one of the fields decay, inverseGamma, power, from, got an unknown field; did you mean inverseGamma?'],
    [() => emaHalfLife({ images: 5 } as never), 'emaHalfLife.batch: expected a finite number above 0, got nothing; for 500,000 images in batches of 512: { images: 500_000, batch: 512, rampup: 0.05 }'],
    [() => emaPower(0.3), 'sigmaRel: expected a width above 0 and below 0.28, got 0.3; 0.05 to 0.1 is usual'],
  ])('%#: an invalid setting is refused when the average is made', (make, message) => {
    expect(F.pipe(attempt<unknown>(make), E.mapLeft((error) => error.message))).toEqual(E.left(message));
  }); // oxfmt-ignore
});
