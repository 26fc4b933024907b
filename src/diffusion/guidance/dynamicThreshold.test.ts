import { expect, it } from 'vitest';
import { numbersOf, outcomeOf } from '../../../properties/diffusion/run.js';
import { wasm } from '../../backends/wasm/backend.js';
import { constantOf, reshape } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { dynamicThreshold } from './dynamicThreshold.js';

/** Two images of 2 × 2 × 3; the first beyond [-1, 1], the second within. */
const images = constantOf(
  [3, -2.5, 2, -1.5, 1, -0.5, 0.25, 0, 0.75, -1.25, 1.75, -2.25].concat([
    0.9, -0.8, 0.7, -0.6, 0.5, -0.4, 0.3, -0.2, 0.1, 0, -0.95, 1,
  ]),
  2,
  2,
  2,
  3,
);

/** numpy.quantile(abs(first image), p), NumPy 2.4. */
it.each([
  [1, 3],
  [0.9, 2.475],
  [0.5, 1.375],
])('scales each image by its percentile %d of |x̂₀|, if that is above 1', async (p, s) => {
  for (const backend of [undefined, wasm()]) {
    const x0 = await numbersOf(() => dynamicThreshold(p)(images), backend);
    const before = await numbersOf(() => reshape(images, 24));
    before.forEach((x, i) => {
      const scaled = i < 12 ? Math.max(-1, Math.min(1, x / s)) : x;
      expect(Math.abs(x0[i]! - scaled)).toBeLessThan(backend === undefined ? 1e-15 : 1e-6);
    });
  }
});

it('scales by at most the greatest threshold, also below 1', async () => {
  const of = (most: number) => numbersOf(() => dynamicThreshold(1, { most })(constantOf([3, -0.75, 0.2, 0.1], 2, 2)));
  expect(await of(1.5)).toEqual([1, -0.5, 0.2, 0.1]);
  expect(await of(0.5)).toEqual([1, -1, 0.4, 0.2]);
});

it('scales by a percentile of a whole rank that is next to an infinity', async () => {
  for (const backend of [undefined, wasm()]) {
    const x0 = await numbersOf(() => dynamicThreshold(0.5)(constantOf([1, Infinity, -3], 1, 3)), backend);
    expect(x0).toEqual([expect.closeTo(1 / 3, 7), 1, -1]);
  }
});

it('clips samples of one element', async () => {
  expect(await numbersOf(() => dynamicThreshold()(constantOf([3, -0.5], 2)))).toEqual([1, -0.5]);
});

it('refuses an invalid percentile or threshold', async () => {
  const result = await outcomeOf(() => dynamicThreshold(99.5)(images))();
  expect(E.isLeft(result) && result.left.message).toContain('a percentile between 0 and 1, got 99.5');
  const capped = await outcomeOf(() => dynamicThreshold(0.5, { most: 0 })(images))();
  expect(capped).toMatchObject({ left: { _tag: 'ConfigError', where: 'dynamicThreshold.most', actual: '0' } });
});
