import { wholeTimesteps } from '../paths/discretePath.js';
import { describe, expect, it } from 'vitest';
import { numbersOf, right } from '../../../properties/diffusion/run.js';
import { reference } from '../../backends/reference/index.js';
import { tfjs } from '../../backends/tfjs/index.js';
import { wasm } from '../../backends/wasm/backend.js';
import { compile, constantOf, gather, key, mul, onesLike, program, read, table } from '../../dsl/index.js';
import { F, TE } from '../../internal/fp.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { simpleLosses } from './loss.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { scheduleFromBetas } from '../schedules/schedule.js';
import { logNormalTimes } from './timeDistribution.js';
import { importanceWeights, timestepsBy } from './timestepsBy.js';
import { ddpm } from '../paths/discreteNoising.js';

const N = 4096;
const many = constantOf(new Float32Array(N), N);
/** χ² of counts against probabilities; those of probability 0 must not occur. */
const chi2 = (draws: readonly number[], probabilities: readonly number[]): number =>
  probabilities.reduce((sum, p, t) => {
    const count = draws.filter((one) => one === t).length;
    if (p === 0) expect(count).toBe(0);
    return sum + (p === 0 ? 0 : (count - N * p) ** 2 / (N * p));
  }, 0);

describe('timestepsBy', () => {
  const noising = right(ddpm(scheduleFromBetas([0.1, 0.2, 0.3, 0.4, 0.5])));
  const shares = [0, 0.1, 0.5, 0, 0.4];

  it('draws timesteps in proportion to probabilities of any sum', async () => {
    for (const scale of [1, 7]) {
      const draws = await numbersOf(timestepsBy(table(shares.map((p) => scale * p)))(noising)(many));
      expect(draws).toHaveLength(N);
      // χ² of 2 degrees of freedom: above 20 once in 22,000
      expect(chi2(draws, shares)).toBeLessThan(20);
    }
  });

  it('has the mean of uniform timesteps with importanceWeights', async () => {
    const p = [0.1, 0.1, 0.5, 0.05, 0.25];
    const losses = [5, 1, -2, 7, 3];
    const weights = await numbersOf(() => importanceWeights(constantOf(p, 5)));
    const mean = weights.reduce((sum, w, t) => sum + p[t]! * w * losses[t]!, 0);
    expect(mean).toBeCloseTo(14 / 5, 14);
  });

  it('takes probabilities as an input of a compiled step', async () => {
    const white: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => onesLike(x) };
    // for x_0 = 0 and x̂_0 = 1 the loss is 1 at each t, so the weighted losses are the weights
    const step = program({ p: '5', x0: 'B', k: 'key' }, ({ p, x0, k }) => {
      const { losses, t } = simpleLosses(noising, white, { times: timestepsBy(p) })(null, { x0, key: k });
      return { losses: mul(losses, gather(importanceWeights(p), wholeTimesteps(t))), t };
    });
    const inputs = { x0: new Float32Array(N), k: key(7) };
    const runs = F.pipe(
      reference(),
      TE.flatMap((backend) =>
        F.pipe(
          compile(step, { B: N })(backend),
          TE.flatMap(({ run }) =>
            F.pipe(
              [
                [0.2, 0.2, 0.2, 0.2, 0.2],
                [0.1, 0.1, 0.5, 0.05, 0.25],
              ],
              TE.traverseSeqArray((p) =>
                F.pipe(
                  run({ ...inputs, p: Float32Array.from(p) }),
                  TE.bindTo('made'),
                  TE.bind('t', ({ made }) => read(made.t)(backend)),
                  TE.bind('losses', ({ made }) => read(made.losses)(backend)),
                  TE.map(({ t, losses }) => ({ p, t: [...t], losses: [...losses] })),
                ),
              ),
            ),
          ),
        ),
      ),
    );
    for (const { p, t, losses } of right(await runs())) {
      // χ² of 4 degrees of freedom: above 24 once in 12,000
      expect(chi2(t, p)).toBeLessThan(24);
      losses.forEach((loss, i) => expect(loss).toBeCloseTo(1 / (5 * p[t[i]!]!), 6));
      const mean = losses.reduce((sum, loss) => sum + loss, 0) / N;
      const variance = p.reduce((sum, one) => sum + 1 / (25 * one), 0) - 1;
      expect(Math.abs(mean - 1)).toBeLessThan(5 * Math.sqrt(variance / N) + 1e-6);
    }
  });

  it('draws the only timestep of a process of one', async () => {
    const one = right(ddpm(scheduleFromBetas([0.5])));
    expect(new Set(await numbersOf(timestepsBy(table([3]))(one)(many)))).toEqual(new Set([0]));
    expect(new Set(await numbersOf(logNormalTimes()(one)(many)))).toEqual(new Set([0]));
  });
});

describe('logNormalTimes', () => {
  it('has the median and the quartiles of σ', async () => {
    const noising = right(ddpm(cosine(1000)));
    const draws = await numbersOf(logNormalTimes({ mean: -0.5, deviation: 0.8 })(noising)(many));
    const logSigmas = draws
      .map((t) => Math.log(noising.marginals[t]!.sigma / noising.marginals[t]!.alpha))
      .sort((a, b) => a - b);
    // the quantiles of N(0, 1) at ¼, ½ and ¾; their standard deviation over 4096 draws is at most 1.4/64, and so is half a step
    [-0.6744897501960817, 0, 0.6744897501960817].forEach((z, i) =>
      expect(Math.abs(logSigmas[(N * (i + 1)) / 4]! - (-0.5 + 0.8 * z))).toBeLessThan((6 * (0.8 * 1.4)) / 64),
    );
  });

  it('clamps σ to the ends of the process', async () => {
    const noising = right(ddpm(scheduleFromBetas([0.5, 0.5])));
    const below = await numbersOf(logNormalTimes({ mean: -50 })(noising)(many));
    const above = await numbersOf(logNormalTimes({ mean: 50 })(noising)(many));
    expect([new Set(below), new Set(above)]).toEqual([new Set([0]), new Set([1])]);
  });
});

it('draws agree on every backend, except next to borders in float32', async () => {
  const noising = right(ddpm(cosine(100)));
  for (const timesteps of [logNormalTimes(), timestepsBy(table(Array.from({ length: 100 }, (_, t) => t + 1)))]) {
    const oracle = await numbersOf(timesteps(noising)(many));
    for (const backend of [() => tfjs('cpu'), wasm]) {
      const draws = await numbersOf(timesteps(noising)(many), backend());
      const other = draws.filter((t, i) => t !== oracle[i]);
      expect(other.length).toBeLessThan(4);
    }
  }
});
