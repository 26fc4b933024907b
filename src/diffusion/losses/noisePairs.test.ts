import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../properties/diffusion/run.js';
import { reference } from '../../backends/reference/index.js';
import { wasm } from '../../backends/wasm/backend.js';
import {
  concat,
  concatAll,
  constantOf,
  div,
  reshape,
  scalar,
  type Tensor,
  uniformLike,
  zeros,
} from '../../dsl/index.js';
import { rectifiedFlow } from '../paths/continuousNoising.js';
import {
  doublingIntervals,
  ectPairs,
  emaByIntervals,
  type Intervals,
  karrasPairs,
  karrasTimes,
  type NoisePairs,
  rootIntervals,
} from './noisePairs.js';

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

/** The least integer n of at least 1 with (n + 1)² ≥ k/K·((s₁ + 1)² - s₀²) + s₀², in whole numbers. */
const rootIntervalsAt = (k: number, K: number, s0: number, s1: number): number => {
  let n = 1;
  while ((n + 1) ** 2 * K < k * ((s1 + 1) ** 2 - s0 ** 2) + s0 ** 2 * K) n++;
  return n;
};

describe('rootIntervals', () => {
  test.each([
    [1000, 2, 150],
    [997, 2, 200],
    [300, 1, 40],
    [7, 3, 3],
  ])('are ⌈√(k/K·((s₁ + 1)² - s₀²) + s₀²) - 1⌉, at least 1, at every step of %i, from %i to %i', (K, s0, s1) => {
    const { at } = rootIntervals({ steps: K, from: s0, to: s1 });
    for (let k = 0; k <= K; k++) expect(at(k), `k = ${k}`).toBe(rootIntervalsAt(k, K, s0, s1));
  });
});

describe('doublingIntervals', () => {
  test.each([
    [1000, 10, 1280, 125],
    [1007, 10, 1280, 125], // 1007/8 is rounded down
    [800, 10, 30, 309], // 800/(log₂ 3 + 1)
    [3, 10, 1280, 1],
  ])('double every K′ updates: of %i steps from %i to %i every %i', (steps, from, to, every) => {
    const { at } = doublingIntervals({ steps, from, to });
    for (let k = 0; k <= steps; k++) expect(at(k)).toBe(Math.min(from * 2 ** Math.floor(k / every), to));
  });
});

test.each([wasm(), reference()])('programs find the intervals and the average of every update', async (backend) => {
  const rising: readonly Intervals[] = [rootIntervals({ steps: 90, to: 12 }), doublingIntervals({ steps: 90, from: 3, to: 24 })]; // oxfmt-ignore
  const updates = [0, 1, 2, 5, 21, 22, 23, 44, 45, 59, 60, 88, 89, 90, 1000];
  for (const intervals of rising) {
    const pairs = karrasPairs({ intervals, min: 1, max: 2, rho: 1 });
    const { share } = emaByIntervals(intervals, 0.9);
    const numbers = await numbersOf(() => {
      const one = constantOf([1], 1) as Tensor<[1]>; // in the first interval, which ends at 1 + 1/n
      return concatAll(updates.flatMap((k) => [pairs.of(one, scalar(k, 'int32')).t, reshape(share(scalar(k, 'int32')), 1)]) as [Tensor<[1]>], 0); // oxfmt-ignore
    }, backend);
    updates.forEach((k, i) => {
      const n = intervals.at(Math.min(k, 90));
      expect(numbers[2 * i]! - 1).toBeCloseTo(1 / n, 6);
      expect(numbers[2 * i + 1]).toBeCloseTo(1 - 0.9 ** (intervals.from / n), 6);
    });
  }
});

test('without an update, the intervals are those of the end of the training', async () => {
  const intervals = rootIntervals({ steps: 90, to: 12 });
  const [t] = await numbersOf(() => karrasPairs({ intervals, min: 1, max: 2, rho: 1 }).of(constantOf([1], 1)).t);
  expect(t! - 1).toBeCloseTo(1 / 12, 14);
});

describe('karrasPairs', () => {
  const sigmaAt = (i: number, n: number): number =>
    (0.002 ** (1 / 7) + (i / n) * (80 ** (1 / 7) - 0.002 ** (1 / 7))) ** 7;

  test.each([1, 10, 17, 1280])('are the ends of the interval of the noise level, of %i intervals', async (n) => {
    (await pairsAt(karrasPairs({ intervals: n }))).forEach(({ t, r }, i) => {
      const index = Array.from({ length: n }, (_, j) => j).find((j) => sigmaAt(j + 1, n) > SIGMAS[i]!)!;
      expect(r / sigmaAt(index, n)).toBeCloseTo(1, 10);
      expect(t / sigmaAt(index + 1, n)).toBeCloseTo(1, 10);
    });
  });

  test('noise levels beyond the ends have the first and the last interval', async () => {
    const numbers = await numbersOf(() => {
      const { t, r } = karrasPairs({ intervals: 4, rho: 1, min: 1, max: 9 }).of(
        constantOf([0.1, 9, 100], 3) as Tensor<[3]>,
      );
      return concat(t, r);
    });
    expect(numbers).toEqual([3, 9, 9, 1, 7, 7]);
  });

  test('its intervals are equally probable by karrasTimes', async () => {
    const [B, n] = [6, 5];
    const numbers = await numbersOf((key) => {
      const like = zeros(B);
      const noising = rectifiedFlow();
      const { alpha, sigma } = noising.levels(karrasTimes()(noising)(like)(key) as typeof like);
      return karrasPairs({ intervals: n }).of(div(sigma, alpha)).r;
    });
    const drawn = await numbersOf((key) => uniformLike(key, zeros(B)));
    drawn.forEach((u, i) => expect(numbers[i]! / sigmaAt(Math.floor(u * n), n)).toBeCloseTo(1, 9));
  });
});

test.each([
  [() => rootIntervals({ steps: 10, from: 20, to: 10 }), 'rootIntervals.to: expected at least from, 20, got 10'],
  [() => doublingIntervals({ steps: 10, from: 20, to: 10 }), 'doublingIntervals.to: expected at least from, 20, got 10'],
  [() => karrasPairs({ intervals: 4, min: 3, max: 2 }), 'karrasPairs.max: expected above min, 3, got 2'],
  [() => karrasTimes({ min: 3, max: 2 }), 'karrasTimes.max: expected above min, 3, got 2'],
  [() => karrasPairs({ intervals: 0 }), 'karrasPairs.intervals: expected '],
  [() => emaByIntervals(rootIntervals({ steps: 10 }), 1), 'emaByIntervals: decay: expected a decay in [0, 1), got 1'],
])('%#: refuses with %s', (call, message) => expect(call).toThrow(message)); // oxfmt-ignore
