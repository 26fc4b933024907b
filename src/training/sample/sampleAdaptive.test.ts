import { describe, expect, it } from 'vitest';
import {
  cfg,
  ddpm,
  dpmSolver,
  edm,
  exactDenoiser,
  exponentialGrid,
  type GaussianMixture,
  labelOf,
  linear,
  type Model,
  overParams,
  uncorrected,
} from '../../diffusion/index.js';
import { add, cast, key, mul, onesLike, scaleBy, treeSpec } from '../../dsl/index.js';
import { open, unwrap } from '../../index.js';
import { reference } from '../../backends/reference/index.js';
import { E } from '../../internal/fp.js';
import type { Trained } from '../../checkpoints/trained.js';
import { sample } from './sample.js';
import { type AdaptiveSampling, sampleAdaptive } from './sampleAdaptive.js';

const noising = unwrap(ddpm(linear(1000)));
const data: GaussianMixture<[2, 1, 1]> = {
  shape: [2, 1, 1],
  weights: [0.4, 0.6],
  means: [
    [0.5, -0.2],
    [-0.6, 0.1],
  ],
  variances: [0.02, 0.05],
};
const model: Model<object, [2, 1, 1]> = {
  params: treeSpec<object>({}),
  init: () => ({}),
  ...overParams(() => null)(exactDenoiser(noising)(data)),
};
const trained = { model, noising, image: [2, 1, 1], params: {} } as const;

const run = async <A>(use: (nf: Awaited<ReturnType<typeof open>>) => Promise<A>): Promise<A> => {
  const nf = await open(reference());
  try {
    return await use(nf);
  } finally {
    await nf.close();
  }
};
const draw = (how: Partial<AdaptiveSampling>) =>
  run((nf) => nf.run(sampleAdaptive(trained, { key: key(4), count: 5, ...how })));

describe('sampleAdaptive', () => {
  it('approaches the flow that many fixed steps follow, from the same noise', async () => {
    const grid = exponentialGrid(400);
    const fixed = await run((nf) =>
      nf.run(sample(trained, { solver: dpmSolver({ order: 3 }), grid, key: key(4), count: 5 })),
    );
    const far = async (tolerance: number) => {
      const { data: found } = await draw({ rtol: tolerance, atol: tolerance });
      return Math.max(...found.map((x, i) => Math.abs(x - fixed.data[i]!)));
    };
    expect(await far(1e-5)).toBeLessThan(1e-4);
    expect(await far(0.01)).toBeLessThan(0.05);
  });

  it('reports the evaluations of each sample, which are fewer for larger tolerances', async () => {
    const [rough, fine] = [await draw({}), await draw({ rtol: 1e-3, atol: 1e-4 })];
    expect(rough.evaluations).toHaveLength(5);
    // attempts of 3, and the step to the data
    for (const count of [...rough.evaluations, ...fine.evaluations]) expect(count % 3).toBe(1);
    fine.evaluations.forEach((count, i) => expect(count).toBeGreaterThan(1.5 * rough.evaluations[i]!));
    expect((await draw({ toData: false })).evaluations.map((count) => count + 1)).toEqual(rough.evaluations);
  });

  it("takes the space, the rule, and the control of DPM-Solver's code", async () => {
    const drawn = [
      await draw({}),
      await draw({ theta: 0.9 }),
      await draw({ theta: 0.9, space: 'x0' }),
      await draw({ rule: 'heun' }),
    ];
    expect(new Set(drawn.map(({ data }) => data.join())).size).toBe(4);
    expect(drawn[1]!.evaluations).not.toEqual(drawn[0]!.evaluations);
  });

  it('draws samples that do not depend on their batch', async () => {
    const all = await draw({});
    for (const how of [{ batch: 2 }, { first: 3, count: 2 }]) {
      const { data: some, evaluations } = await draw(how);
      expect(Array.from(some)).toEqual(Array.from(all.data.slice(-some.length)));
      expect(evaluations).toEqual(all.evaluations.slice(-evaluations.length));
    }
  });

  it('draws the noise of η from keys of each sample, and a different one for each attempt', async () => {
    const all = await draw({ eta: 1, rtol: 0.1, atol: 0.05 });
    const { data: some } = await draw({ eta: 1, rtol: 0.1, atol: 0.05, first: 3, count: 2, batch: 1 });
    expect(Array.from(some)).toEqual(Array.from(all.data.slice(-4)));
    const { data: flow } = await draw({ rtol: 0.1, atol: 0.05 });
    expect(Math.max(...flow.map((x, i) => Math.abs(x - all.data[i]!)))).toBeGreaterThan(0.1);
    const { data: many } = await draw({ eta: 1, rtol: 0.1, atol: 0.05, count: 400 });
    const first = many.filter((_, i) => i % 2 === 0);
    const meanOf = (numbers: Float32Array): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
    const mean = meanOf(first);
    const expected = 0.4 * 0.5 - 0.6 * 0.6;
    expect(Math.abs(mean - expected)).toBeLessThan(0.1); // its deviation is 0.03
    // the same noise in each attempt would leave the mean, and not the variance
    const variance = meanOf(first.map((x) => (x - mean) ** 2));
    const exact = 0.4 * (0.5 ** 2 + 0.02) + 0.6 * (0.6 ** 2 + 0.05) - expected ** 2;
    expect(Math.abs(variance / exact - 1)).toBeLessThan(0.1);
  });

  it('takes labels and guidance', async () => {
    const shade: Trained<object, [1, 1, 1]> = {
      model: {
        params: treeSpec<object>({}),
        predicts: 'x0',
        clock: 'level',
        conditions: { label: { classes: 3 } },
        apply: (_, x, at) => scaleBy(onesLike(x), mul(add(cast(labelOf(at)!, 'float32'), -3), -0.1)),
      },
      noising: edm(),
      image: [1, 1, 1],
      params: {},
    };
    const how = { key: key(1), labels: [0, 2, null], guidance: cfg(2), correction: uncorrected };
    const { data: found } = await run((nf) => nf.run(sampleAdaptive(shade, how)));
    [0.6, 0.2, 0].forEach((x, i) => expect(found[i]).toBeCloseTo(x, 6));
  });

  it.each<readonly [string, Partial<AdaptiveSampling>, string]>([
    ['few attempts', { attempts: 3 }, 'sampleAdaptive.attempts: expected all samples at the end, got some not at the end after 3 attempts'],
    ['an empty range', { min: 3, max: 3 }, 'adaptiveSampler.max: expected noise levels min < max < ∞, got min = 3, max = 3'],
    ['a σ beyond the schedule', { max: 1e6 }, 'atSigmas: expected falling noise levels within those of the process'],
    ['labels of a model without label', { labels: [0] } as object, 'conditions.label'],
    ['a signal', { signal: { aborted: true } }, 'sampling, step 0'],
  ])('fails for %s', async (_, how, message) => {
    const result = await run((nf) => sampleAdaptive(trained, { key: key(4), count: 1, ...how })(nf.backend)());
    expect(E.isLeft(result) && result.left.message).toContain(message);
  }); // oxfmt-ignore
});
