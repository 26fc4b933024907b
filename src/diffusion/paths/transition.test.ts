import { describe, expect, it } from 'vitest';
import { numbersOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import { wasm } from '../../backends/wasm/backend.js';
import { constantOf, ones, type Tensor } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { channelBetween, qBetween, qSampleBetween } from './transition.js';
import { transition } from '../channels/channel.js';
import { scheduleFromBetas } from '../schedules/schedule.js';
import { ddpm } from './discreteNoising.js';
import { noisingOfSigmas } from '../grids/sigmaNoising.js';

/** β from 1e-4 to 0.02, where neighbouring ᾱ differ by a small fraction. */
const noising = right(ddpm(scheduleFromBetas(Array.from({ length: 1000 }, (_, t) => 1e-4 + (t * 0.0199) / 999))));
const indices = (...t: readonly number[]): Tensor<[4], 'int32'> =>
  constantOf(Int32Array.from(t), 4) as Tensor<[4], 'int32'>;
const [s, t] = [indices(-1, 998, 0, 200), indices(999, 999, 1, 700)];
const { marginals, schedule } = noising;
const expected = [
  marginals[999]!,
  schedule.channels[999]!,
  schedule.channels[1]!,
  transition(marginals[200]!, marginals[700]!),
];

describe('q(x_t|x_s), each sample at its own s and t', () => {
  it.each([
    ['in float64', undefined, 1e-9],
    // a few units in the last place of the difference: the digits that neighbours share are not lost
    ['in float32', wasm(), 1e-6],
  ] as const)('is the data’s marginal, a step, or what lies between, %s', async (_, backend, tolerance) => {
    const x = ones(4, 2);
    const alphas = await numbersOf(() => qBetween(noising)(s, t)(x).mean, backend);
    const variances = await numbersOf(() => qBetween(noising)(s, t)(x).variance, backend);
    expected.forEach(({ alpha, sigma }, i) => {
      expect(Math.abs(alphas[2 * i]! / alpha - 1)).toBeLessThan(tolerance);
      expect(Math.abs(variances[i]! / sigma ** 2 - 1)).toBeLessThan(tolerance);
    });
  });

  it('samples mean + √variance·noise', async () => {
    const noise = constantOf([1, -2, 0.5, 3], 4) as Tensor<[4]>;
    const sent = await numbersOf(() => qSampleBetween(noising)(s, t, noise)(ones(4)));
    const by = expected.map(({ alpha, sigma }, i) => alpha + [1, -2, 0.5, 3][i]! * sigma);
    expect(relativeDistance(sent, by)).toBeLessThan(1e-9);
  });

  it('is finite for a t without signal', async () => {
    const ends = right(ddpm(scheduleFromBetas([0.5, 1])));
    const [from, to] = [indices(-1, 0, -1, 0), indices(1, 1, 1, 1)];
    expect(await numbersOf(() => qBetween(ends)(from, to)(ones(4)).mean)).toEqual([0, 0, 0, 0]);
    expect(await numbersOf(() => qBetween(ends)(from, to)(ones(4)).variance)).toEqual([1, 1, 1, 1]);
  });
});

describe('of a process of given σ, at small and at near ones', () => {
  // the variance (σ_t² - σ_s²)/(1 + σ_t²) with fifty digits, of the doubles σ: mpmath
  const [small, close, step] = [1e-8, 1e-8 * (1 + 1e-6), 1e-4];
  const own = right(noisingOfSigmas([small, close, step]));
  const cases = [
    [-1, 0, 1e-16],
    [0, 1, 2.000000999975798e-22],
    [1, 2, 9.999999799999803e-9],
    [-1, 2, 9.999999900000002e-9],
  ] as const;

  it.each([
    // log ᾱ has a rounding of 2⁻⁵³, or the sum of two float32 numbers 2⁻⁴⁹, of a difference of 2·10⁻⁶
    ['in float64', undefined, 2e-10],
    ['in float32', wasm(), 1e-7 + 4 * 2 ** -24],
  ] as const)('has the digits of its variance, %s', async (_, backend, tolerance) => {
    const [from, to] = [indices(...cases.map(([s_]) => s_)), indices(...cases.map(([, t_]) => t_))];
    const variances = await numbersOf(() => qBetween(own)(from, to)(ones(4)).variance, backend);
    cases.forEach(([, , variance], i) => expect(Math.abs(variances[i]! / variance - 1)).toBeLessThan(tolerance));
  });

  it('channelBetween too, on the host', () => {
    for (const [s_, t_, variance] of cases)
      expect(Math.abs(right(channelBetween(own, s_, t_)).sigma ** 2 / variance - 1)).toBeLessThan(1e-14);
  });
});

it.each([
  [-2, 5],
  [5, 5],
  [6, 5],
  [0, 1000],
  [0.5, 3],
  [0, Number.NaN],
])('channelBetween refuses s = %d, t = %d', (from, to) => {
  const result = channelBetween(noising, from, to);
  expect(E.isLeft(result) && result.left.message).toContain(`-1 ≤ s < t ≤ 999`);
  expect(E.isLeft(result) && result.left.message).toContain(`s = ${from}, t = ${to}`);
});
