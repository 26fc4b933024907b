import { expect, test } from 'vitest';
import { dependences, type Nest } from '../../shared/regions/nest.js';
import { scheduled, stepping, vectorized } from './schedule.js';
import { valuePlan } from './valuePlan.js';

/** c[i, j] = (−a[j]·b[i, j])^(−a[j]·b[i, j]), and a value that nothing reads. */
const nest: Nest = {
  loops: [
    { extent: 4, reduced: false },
    { extent: 8, reduced: false },
  ],
  loads: [
    [0, 1],
    [8, 1],
  ],
  body: [
    { op: 'load', load: 0, dtype: 'float32' },
    { op: 'load', load: 1, dtype: 'float32' },
    { op: 'unary', fn: 'neg', a: 0, dtype: 'float32' },
    { op: 'binary', fn: 'mul', a: 2, b: 1, dtype: 'float32' },
    { op: 'binary', fn: 'pow', a: 3, b: 3, dtype: 'float32' },
    { op: 'unary', fn: 'abs', a: 1, dtype: 'float32' },
  ],
  stores: [{ strides: [8, 1], value: 4, reduce: null }],
};

const plan = valuePlan(nest, dependences(nest), scheduled(1, [stepping(0, 4), vectorized(1, 8, 2)], []));

test('values are computed in the outermost loop possible', () => {
  expect(plan.varies.map((along) => along.map(Number).join(''))).toEqual(['01', '11', '01', '11', '11', '11']);
  expect(plan.depthOf).toEqual([0, 1, 0, 1, 1, 1]);
});

test('a value that no store needs is not used', () => {
  expect(plan.used).toEqual([true, true, true, true, true, false]);
});

test('a value is inlined in its only user if both are computed together and the user reads it once', () => {
  expect(plan.inlined).toEqual([true, true, false, false, false, false]);
});
