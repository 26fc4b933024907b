/** Continuous paths at the limits of float32. */
import { describe, expect, it } from 'vitest';
import { numbersOf } from '../../../properties/diffusion/run.js';
import { reference } from '../../backends/reference/index.js';
import { wasm } from '../../backends/wasm/backend.js';
import { concatAll, constantOf } from '../../dsl/index.js';
import { continuousLinear, continuousSigmoid } from './continuousNoising.js';
import type { ContinuousNoising } from './path.js';

describe.each([
  ['reference', reference, 2 ** -42],
  // a rounding error of x/τ, which is at most 87, in an exponent
  ['wasm', wasm, 87 * 2 ** -23],
] as const)('on %s,', (_, backend, tolerance) => {
  const near = (actual: number, expected: number): void =>
    expect(Math.abs(actual / expected - 1)).toBeLessThan(tolerance);
  const times = [2 ** -20, 0.01, 0.3, 0.9, 1 - 2 ** -20];
  const columnsOf = async (noising: ContinuousNoising): Promise<readonly (readonly number[])[]> => {
    const { alpha, sigma, rates } = noising.levels(constantOf(times, times.length));
    const numbers = await numbersOf(() => concatAll([alpha, sigma, rates!.alpha, rates!.sigma], 0), backend());
    return times.map((__, i) => [0, 1, 2, 3].map((column) => numbers[column * times.length + i]!));
  };

  it('a sigmoid schedule far to the left has σ² = (e^dt - 1)/(e^d - 1), far to the right α² of 1 - t', async () => {
    const d = 3;
    /** The part that falls to 0 at u = 0 and the other part, whose squares have the sum 1, and their slopes. */
    const partsAt = (u: number) => {
      const small = Math.sqrt(Math.expm1(d * u) / Math.expm1(d));
      const large = Math.sqrt(Math.exp(d * u) * (Math.expm1(d * (1 - u)) / Math.expm1(d)));
      const slope = (d * Math.exp(d * u)) / (2 * Math.expm1(d)); // of half the square
      return { small, large, rise: slope / small, fall: -slope / large };
    };
    (await columnsOf(continuousSigmoid({ start: -87, end: -84 }))).forEach((column, i) => {
      const { small, large, rise, fall } = partsAt(times[i]!);
      [large, small, fall, rise].forEach((expected, k) => near(column[k]!, expected));
    });
    (await columnsOf(continuousSigmoid({ start: 84, end: 87 }))).forEach((column, i) => {
      const { small, large, rise, fall } = partsAt(1 - times[i]!);
      [small, large, -rise, -fall].forEach((expected, k) => near(column[k]!, expected));
    });
  });

  it('a steep sigmoid schedule has every σ, by powers that float64 can hold', async () => {
    for (const tau of [0.05, 3 / 87]) {
      const noising = continuousSigmoid({ tau });
      const [first, d] = [-3 / tau, 6 / tau];
      const columns = await columnsOf(noising);
      // σ² is e^first·(e^dt - 1) far before the middle, where sigmoid(x) is e^x
      near(columns[0]![1]!, Math.sqrt(Math.exp(first) * Math.expm1(d * times[0]!)));
      near(columns[1]![1]!, Math.sqrt(Math.exp(first) * Math.expm1(d * times[1]!)));
      for (const column of columns) expect(column.every(Number.isFinite)).toBe(true);
      const sigmas = [1e-12, 1e-6, 1, 1e6, 2.6e10, 1e15, 1e18];
      const found = await numbersOf(() => noising.timesOfSigmas(constantOf(sigmas, 7)), backend());
      sigmas.forEach((sigma, i) => {
        const k = (1 + Math.exp(-first)) / (1 + Math.exp(first)); // sigmoid(-first)/sigmoid(-last)
        near(found[i]!, Math.log1p(Math.expm1(d) / (1 + k / sigma ** 2)) / d);
      });
    }
  });

  it('a linear schedule has every σ', async () => {
    const noising = continuousLinear({ betaMax: 500 });
    const sigmas = [1e-12, 1e-3, 1, 1e10, 1.8e19, 1e20, 1e30, 3e38];
    const found = await numbersOf(() => noising.timesOfSigmas(constantOf(sigmas, 8)), backend());
    sigmas.forEach((sigma, i) => {
      const B = Math.log1p(sigma ** 2);
      near(found[i]!, (2 * B) / (Math.sqrt(2 * 499.9 * B + 0.01) + 0.1));
    });
  });
});

it('the sigmoid schedule of close ends has ᾱ = 1 - t', () => {
  const { alpha, sigma } = continuousSigmoid({ start: 1, end: 1 + 2 ** -50 }).levelAt(0.3);
  expect(Math.abs(alpha / Math.sqrt(0.7) - 1)).toBeLessThan(2 ** -48);
  expect(Math.abs(sigma / Math.sqrt(0.3) - 1)).toBeLessThan(2 ** -48);
});

it.each<readonly [() => unknown, string]>([
  [
    () => continuousSigmoid({ start: 100, end: 103 }),
    'continuousSigmoid.tau: expected x/τ within ±87, with ends at least 1e-30 apart, which float32 can hold, got x/τ from 100 to 103; start -3, end 3 and tau 1 are usual',
  ],
  [() => continuousSigmoid({ start: -103, end: -100 }), 'got x/τ from -103 to -100;'],
  [() => continuousSigmoid({ tau: 0.005 }), 'got x/τ from -600 to 600;'],
  [() => continuousSigmoid({ tau: 0.03 }), 'got x/τ from -100 to 100;'],
  [() => continuousSigmoid({ start: 0, end: 1e-40 }), 'got x/τ from 0 to 1e-40;'],
])('refuses %s', (make, message) => {
  expect(make).toThrow(message);
});
