import { expect, test } from 'vitest';
import { numbersOf, outcomeOf } from '../../../properties/diffusion/run.js';
import { constantOf, scalar } from '../../dsl/index.js';
import { E, F } from '../../internal/fp.js';
import { ema, emaDecay } from './ema.js';

test.each([
  [0, 1 / 10],
  [1, 2 / 11],
  [90, 91 / 100],
  [1780, 1781 / 1790],
  [1_000_000, 0.995],
])('after %i updates the decay is %d: warm-up, then the decay asked for', async (n, decay) => {
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

test('equal parameters stay, to the bit', async () => {
  const same = { w: constantOf([0.1, -1e30], 2) };
  expect(await numbersOf(() => ema(same, same, 0.999).w)).toEqual([0.1, -1e30]);
});

test('refuses a decay of 1', async () => {
  const outcome = await outcomeOf(() => emaDecay(scalar(0, 'int32'), 1))();
  expect(E.isLeft(outcome) && outcome.left.message).toBe(
    'emaDecay: expected a decay in [0, 1), got 1; 0.9 and 0.999 are usual',
  );
});

test('both forms of ema are the same, and refuse a decay of 1', async () => {
  const [average, params] = [{ w: constantOf([1, 2], 2) }, { w: constantOf([5, 5], 2) }];
  expect(await numbersOf(() => F.pipe(average, ema(params, 0.5)).w)).toEqual([3, 3.5]);
  expect(await numbersOf(() => ema(average, params, 0.5).w)).toEqual([3, 3.5]);
  const outcome = await outcomeOf(() => ema(average, params, 1).w)();
  expect(E.isLeft(outcome) && outcome.left.message).toContain('ema: expected a decay in [0, 1), got 1');
});
