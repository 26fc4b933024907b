import { describe, expect, test } from 'vitest';
import type { ReduceFn } from '../../../dsl/graph/node.js';
import type { Nest } from '../../shared/regions/nest.js';
import { reductionPlan } from './reductionPlan.js';
import { collapsedVectors, scheduled, stepping, vectorized } from './schedule.js';

/** s[i] = Σⱼ a[i, j], or another reduction. */
const rows = (height: number, width: number, reduce: ReduceFn = 'sum'): Nest => ({
  loops: [
    { extent: height, reduced: false },
    { extent: width, reduced: true },
  ],
  loads: [[width, 1]],
  body: [{ op: 'load', load: 0, dtype: 'float32' }],
  stores: [{ strides: [1, 0], value: 0, reduce }],
});

/** The plan with two vectors of a row unrolled. */
const planOf = (width: number, reduce?: ReduceFn) =>
  reductionPlan(rows(3, width, reduce), scheduled(1, [stepping(0, 3)], [vectorized(1, width, 2)]));

test('vectors along a reduced loop share the terms of a result among unrolled accumulators', () => {
  expect(planOf(1000)).toEqual({
    across: true,
    mixed: null,
    isFree: [true, false],
    freeParts: 1,
    slots: 2,
    tiers: [1],
  });
});

describe('the tiers of a sum', () => {
  // an accumulator adds one of eight elements
  test.each([
    [8 * 128, 1],
    [8 * 129, 2],
    [8 * 64 * 128, 2],
    [8 * (64 * 128 + 1), 3],
  ])('of %i elements are %i', (width, tiers) => {
    expect(planOf(width).tiers).toEqual([tiers]);
  });

  test('are not needed for a maximum', () => {
    expect(planOf(100_000, 'max').tiers).toEqual([1]);
  });
});

test('vectors along a free and a reduced loop have separate accumulators', () => {
  const plan = reductionPlan(rows(4, 3), scheduled(1, [], [collapsedVectors(1, 3, 0, 4)]));
  expect(plan).toMatchObject({ mixed: { level: 0, outer: 0, extent: 3 }, isFree: [true], freeParts: 3, slots: 1 });
});
