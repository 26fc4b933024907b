import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { unwrap } from '../entry/unwrap.js';
import { type Features, mergeMoments, type Moments, momentsOf, noMoments } from './index.js';

const LENGTH = 3;

const featuresOf = (rows: readonly (readonly number[])[]): Features => ({
  data: Float64Array.from(rows.flat()),
  shape: [rows.length, LENGTH],
});
const moments = (rows: readonly (readonly number[])[]): Moments => unwrap(momentsOf(featuresOf(rows)));
const merged = (a: Moments, b: Moments): Moments => unwrap(mergeMoments(a, b));

/** Numbers far from 0 beside their spread: sums of squares would lose all digits. */
const row = fc.array(
  fc.double({ min: -1, max: 1, noNaN: true }).map((x) => x + 1000),
  { minLength: LENGTH, maxLength: LENGTH },
);
const batches = fc.array(fc.array(row, { maxLength: 20 }), { minLength: 1, maxLength: 6 });

const expectNear = (found: Moments, expected: Moments): void => {
  expect(found.count).toBe(expected.count);
  found.mean.forEach((x, i) => expect(Math.abs(x - expected.mean[i]!)).toBeLessThanOrEqual(1e-12 * 1000));
  // each square is at most (1 + 1)², and has the rounding errors of numbers near 1000
  const scale = 4 * expected.count * 1000;
  found.scatter.forEach((x, i) => expect(Math.abs(x - expected.scatter[i]!)).toBeLessThanOrEqual(1e-15 * scale));
};

test.prop([batches])('any split into batches gives the same moments', (parts) => {
  expectNear(parts.map(moments).reduce(merged, noMoments(LENGTH)), moments(parts.flat()));
});

test.prop([batches])('batches may be merged in any order', (parts) => {
  const all = parts.map(moments);
  expectNear(all.reduceRight(merged, noMoments(LENGTH)), all.reduce(merged, noMoments(LENGTH)));
});
