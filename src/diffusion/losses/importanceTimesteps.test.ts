import { wholeTimesteps } from '../paths/discretePath.js';
import { describe, expect, it } from 'vitest';
import { numbersOf, right } from '../../../properties/diffusion/run.js';
import { reference } from '../../backends/reference/index.js';
import { wasm } from '../../backends/wasm/backend.js';
import {
  attempt,
  type Backend,
  constantOf,
  type Dim,
  evaluate,
  gather,
  key,
  type NoisefoldError,
  program,
  table,
  type Tensor,
  using,
  zeros,
} from '../../dsl/index.js';
import { E, type taskEither } from '../../internal/fp.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { importanceTimesteps } from './importanceTimesteps.js';
import { ddpm } from '../paths/discreteNoising.js';

type Drawn = readonly (readonly [t: number, loss: number])[];

/** The history of the paper in plain numbers: the last losses of each timestep, the oldest first. */
const lastLosses = (T: number, size: number, batches: readonly Drawn[]): readonly (readonly number[])[] =>
  Array.from({ length: T }, (_, t) =>
    batches.flatMap((batch) => batch.flatMap(([at, loss]) => (at === t ? [loss] : []))).slice(-size),
  );

/** Improved DDPM, eq. 18, with a uniform share. */
const expectedOf = (history: readonly (readonly number[])[], size: number, uniform: number): number[] => {
  const full = history.every((some) => some.length === size);
  const roots = history.map((some) => (full ? Math.hypot(...some) : 1));
  const total = roots.reduce((a, b) => a + b, 0);
  return roots.map((root) => ((1 - uniform) * root) / total + uniform / history.length);
};

const drawnOf = (batch: Drawn) => ({
  t: table(Int32Array.from(batch, ([t]) => t)) as Tensor<[Dim], 'int32'>,
  losses: constantOf(
    Float64Array.from(batch, ([, loss]) => loss),
    batch.length,
  ) as Tensor<[Dim]>,
});

/** Records batches. Returns the memory, the probabilities and the weights. */
const outcome = async (
  T: number,
  options: { readonly size: number; readonly uniform?: number },
  batches: readonly Drawn[],
  backend: taskEither.TaskEither<NoisefoldError, Backend> = reference(),
) => {
  const { memory: shapes, record, mean } = importanceTimesteps(options);
  const noising = right(ddpm(cosine(T)));
  const first = Object.fromEntries(Object.entries(shapes(noising)).map(([name, shape]) => [name, zeros(...shape)]));
  const traced = program({ k: 'key' }, () => {
    const after = batches.reduce((memory, batch) => record(memory)(drawnOf(batch)), first);
    // one sample of loss 1 at each t: its mean is the weight 1/(T·p_t)
    const weights = Array.from({ length: T }, (_, t) => mean(after, noising)(drawnOf([[t, 1]])));
    return { losses: after['losses']!, seen: after['seen']!, weights };
  });
  const { losses, weights, seen } = right(
    await using(backend)(evaluate(traced, {})({ k: key(7) }))(),
  );
  return {
    losses: Array.from({ length: T }, (_, t) => Array.from(losses.slice(t * options.size, (t + 1) * options.size))),
    seen: Array.from(seen),
    probabilities: weights.map(([weight]) => 1 / (T * weight!)),
  };
}; // oxfmt-ignore

const rising = (a: number, b: number): number => a - b;

/** Batches with repeated timesteps, within a batch and between batches. */
const batchesOf = (T: number, count: number, size: number): readonly Drawn[] =>
  Array.from({ length: count }, (_, b) =>
    Array.from({ length: size }, (_, i) => [(7 * b + i * i) % T, 1 + ((13 * (b * size + i)) % 97)] as const),
  );

describe('importanceTimesteps', () => {
  it.each([
    ['few', 5, 3, batchesOf(5, 3, 4)],
    ['many', 4, 3, batchesOf(4, 9, 7)],
    ['more losses of one timestep in a batch than it keeps', 2, 2, batchesOf(2, 3, 9)],
    ['one loss of each timestep', 3, 1, [[[2, 4], [0, 5], [1, 6]], [[1, 7], [1, 8], [2, 9]]] as readonly Drawn[]],
  ])('keeps the last losses of each timestep: %s', async (_, T, size, batches) => {
    const { losses, probabilities } = await outcome(T, { size, uniform: 0.01 }, batches);
    const history = lastLosses(T, size, batches);
    history.forEach((some, t) => {
      // a ring buffer has no order, and zeros where nothing was recorded yet
      const kept = [...losses[t]!].sort(rising).slice(size - some.length);
      expect(kept).toEqual([...some].sort(rising));
    });
    expectedOf(history, size, 0.01).forEach((p, t) => expect(probabilities[t]!).toBeCloseTo(p, 14));
  }); // oxfmt-ignore

  it('is uniform until each timestep has all its losses, and if all are 0', async () => {
    for (const batches of [[], [[[0, 9], [0, 9], [1, 5]]], [[[0, 0], [0, 0], [1, 0], [1, 0]]]] as readonly (readonly Drawn[])[]) {
      const { probabilities } = await outcome(2, { size: 2 }, batches);
      for (const p of probabilities) expect(p).toBeCloseTo(0.5, 14);
    }
  }); // oxfmt-ignore

  it('counts losses modulo the size of its history', async () => {
    const { seen } = await outcome(2, { size: 3 }, batchesOf(2, 40, 5));
    for (const n of seen) expect(n).toBeLessThan(6);
    for (const n of seen) expect(n).toBeGreaterThanOrEqual(3);
  });

  it('agrees in float32', async () => {
    const batches = batchesOf(5, 12, 8);
    const [exact, fast] = await Promise.all([
      outcome(5, { size: 4 }, batches),
      outcome(5, { size: 4 }, batches, wasm()),
    ]);
    expect(fast.losses).toEqual(exact.losses); // integers
    // squares, their mean, a root, a sum and two quotients: less than 16 roundings of 2⁻²⁴
    exact.probabilities.forEach((p, t) => expect(Math.abs(fast.probabilities[t]! / p - 1)).toBeLessThan(2 ** -20));
  }); // oxfmt-ignore

  describe('with a full history', () => {
    const losses = [1, 2, 6, 3];
    const { record, draw, mean } = importanceTimesteps({ size: 1, uniform: 0 });
    const noising = right(ddpm(cosine(4)));
    const memory = record({ losses: zeros(4, 1), seen: zeros(4) })(drawnOf(losses.map((loss, t) => [t, loss])));
    const timesteps = draw(memory)(noising)(zeros(1200));

    it('draws each timestep in proportion to its loss', async () => {
      const t = await numbersOf(timesteps);
      const chi2 = losses.reduce(
        (sum, loss, at) => sum + (t.filter((one) => one === at).length - 100 * loss) ** 2 / (100 * loss),
        0,
      );
      // χ² of 3 degrees of freedom: above 20 once in 6,000
      expect(chi2).toBeLessThan(20);
    });

    it('estimates the mean from any draw, without variance', async () => {
      const means = await numbersOf((k) => {
        const t = timesteps(k);
        return mean(memory, noising)({ t, losses: gather(table(losses), wholeTimesteps(t)) });
      });
      expect(means[0]).toBeCloseTo(3, 13);
    });
  });

  it.each([
    [{ size: 0 }, 'importanceTimesteps.size: expected an integer ≥ 1, got 0'],
    [{ size: 2.5 }, 'importanceTimesteps.size: expected an integer ≥ 1, got 2.5'],
    [{ uniform: 1.5 }, 'importanceTimesteps.uniform: expected a number from 0 to 1, got 1.5'],
    [{ uniform: Number.NaN }, 'importanceTimesteps.uniform: expected a number from 0 to 1, got NaN'],
  ])('refuses %j', (options, expected) => {
    const result = attempt(() => importanceTimesteps(options).memory(right(ddpm(cosine(4)))));
    expect(E.isLeft(result) && result.left).toMatchObject({ _tag: 'ConfigError', message: expect.stringContaining(expected) });
  }); // oxfmt-ignore
});
