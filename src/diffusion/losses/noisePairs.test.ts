import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../properties/diffusion/run.js';
import { concat, constantOf, scalar, type Tensor } from '../../dsl/index.js';
import { ectPairs, ictPairs, type NoisePairs } from './noisePairs.js';

const SIGMAS = [0.003, 0.05, 0.4, 1, 3, 20, 79];

/** The pairs at a step; at the end without one. */
const pairsAt = async (pairs: NoisePairs, step?: number) => {
  const numbers = await numbersOf(() => {
    const { t, r } = pairs.of(
      constantOf(SIGMAS, SIGMAS.length) as Tensor<[7]>,
      step === undefined ? undefined : scalar(step, 'int32'),
    );
    return concat(t, r);
  });
  return SIGMAS.map((_, i) => ({ t: numbers[i]!, r: numbers[i + SIGMAS.length]! }));
};

describe('ectPairs', () => {
  test.each([
    [0, 1],
    [99, 1],
    [100, 2],
    [799, 8],
    [5000, 8],
    [undefined, 8],
  ])('at step %j is r = t·max(1 - n(t)/q^a, 0) in stage %i', async (step, a) => {
    for (const q of [2, 4])
      (await pairsAt(ectPairs({ steps: 800, q, b: 2 }), step)).forEach(({ t, r }, i) => {
        const n = 1 + 8 / (1 + Math.exp(2 * SIGMAS[i]!));
        expect(t).toBe(SIGMAS[i]);
        expect(r).toBeCloseTo(t * Math.max(1 - n / q ** a, 0), 12);
      });
  });

  test('most r of the first stage are 0', async () => {
    const first = await pairsAt(ectPairs({ steps: 800 }), 0);
    expect(first.map(({ r }) => r === 0)).toEqual([true, true, true, true, false, false, false]);
  });
});

describe('ictPairs', () => {
  /** N(k) - 1, the number of intervals: iCT (Song & Dhariwal 2023), section 3.4. */
  const intervals = (k: number, K: number, s0: number, s1: number): number => {
    const each = Math.floor(K / (Math.log2(Math.floor(s1 / s0)) + 1));
    return Math.min(s0 * 2 ** Math.floor(k / each), s1);
  };
  const sigmaAt = (i: number, N: number): number =>
    (0.002 ** (1 / 7) + (i / N) * (80 ** (1 / 7) - 0.002 ** (1 / 7))) ** 7;

  test.each([0, 124, 125, 600, 999, undefined])('at step %j are the ends of the interval of the noise level', async (step) => {
    const N = step === undefined ? 1280 : intervals(step, 1000, 10, 1280);
    (await pairsAt(ictPairs({ steps: 1000 }), step)).forEach(({ t, r }, i) => {
      const index = Array.from({ length: N }, (_, j) => j).find((j) => sigmaAt(j + 1, N) > SIGMAS[i]!)!;
      expect(r / sigmaAt(index, N)).toBeCloseTo(1, 10);
      expect(t / sigmaAt(index + 1, N)).toBeCloseTo(1, 10);
    });
  }); // oxfmt-ignore

  test('noise levels beyond the ends have the first and the last interval', async () => {
    const numbers = await numbersOf(() => {
      const { t, r } = ictPairs({ steps: 1, from: 4, to: 4, rho: 1, min: 1, max: 9 }).of(
        constantOf([0.1, 9, 100], 3) as Tensor<[3]>,
      );
      return concat(t, r);
    });
    expect(numbers).toEqual([3, 9, 9, 1, 7, 7]);
  });

  test.each([
    [{ from: 20, to: 10 }, 'ictPairs.to'],
    [{ min: 3, max: 2 }, 'ictPairs.max'],
  ])('refuses %j', (options, where) => {
    expect(() => ictPairs({ steps: 10, ...options })).toThrow(where);
  });
});
