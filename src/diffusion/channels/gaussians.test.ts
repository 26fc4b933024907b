import { describe, expect, it } from 'vitest';
import { numbersOf } from '../../../properties/diffusion/run.js';
import { tfjs } from '../../backends/tfjs/index.js';
import { wasm } from '../../backends/wasm/backend.js';
import { constantOf, zeros } from '../../dsl/index.js';
import { gaussianKl } from './gaussians.js';

const N = 4000;

it('the KL of two Gaussians is the mean of ln p - ln q over p', async () => {
  const [mean, variance, other, otherVariance] = [0.7, 0.3, -0.4, 1.9];
  const density = (x: number, m: number, v: number) => -0.5 * (Math.log(2 * Math.PI * v) + (x - m) ** 2 / v);
  const step = 0.01; // over 18 deviations the sum is exact up to rounding
  const expected = Array.from({ length: 2001 }, (_, i) => mean + (i - 1000) * step).reduce((sum, x) => {
    const ln = density(x, mean, variance);
    return sum + step * Math.exp(ln) * (ln - density(x, other, otherVariance));
  }, 0);
  const of = (m: number, v: number) => ({ mean: constantOf([m], 1), logVariance: constantOf([Math.log(v)], 1) });
  const [actual] = await numbersOf(() => gaussianKl(of(mean, variance), of(other, otherVariance)));
  expect(Math.abs(actual! - expected)).toBeLessThan(1e-12);
});

describe.each([
  ['tfjs-cpu', () => tfjs('cpu')],
  ['wasm', wasm],
])('in float32, %s', (_, backend) => {
  it('the KL of nearly equal variances is ½·(e^d - 1 - d), and never negative', async () => {
    // d from 1e-8 to 1, of either sign
    const d = Array.from({ length: N }, (_value, i) => Math.fround((i % 2 === 0 ? 1 : -1) * 10 ** (-8 + (8 * i) / N)));
    const p = { mean: zeros(N), logVariance: constantOf(d, N) };
    const q = { mean: zeros(N), logVariance: zeros(N) };
    const kl = await numbersOf(() => gaussianKl(p, q), backend());
    kl.forEach((actual, i) => {
      expect(actual).toBeGreaterThanOrEqual(0);
      const exact = (Math.expm1(d[i]!) - d[i]!) / 2;
      expect(Math.abs(actual - exact)).toBeLessThanOrEqual(2 ** -23 * Math.abs(d[i]!));
    });
  });
});
