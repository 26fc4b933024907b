/** Samples whose noise is a Brownian path. */
import { describe, expect, it } from 'vitest';
import {
  ancestral,
  cosine,
  ddim,
  ddpm,
  dpmSolverPPSde,
  dpmSolverPPSdeSinglestep,
  eulerAncestral,
  exactDenoiser,
  type Model,
  overParams,
  type Solver,
} from '../../diffusion/index.js';
import { key, treeSpec } from '../../dsl/index.js';
import { open, unwrap } from '../../index.js';
import { reference } from '../../backends/reference/index.js';
import { E } from '../../internal/fp.js';
import { sample } from './sample.js';
import type { Sampling } from './sampling.js';

const noising = unwrap(ddpm(cosine(1000)));
const mixture = {
  shape: [4, 4, 1] as const,
  weights: [0.5, 0.5],
  means: [0.5, -0.5].map((mean) => Array.from({ length: 16 }, () => mean)),
  variances: [0.05, 0.05],
};
const model: Model<object, [4, 4, 1]> = {
  params: treeSpec<object>({}),
  init: () => ({}),
  ...overParams(() => null)(exactDenoiser(noising)({ ...mixture, shape: [4, 4, 1] })),
};
const trained = { model, noising, image: [4, 4, 1], params: {} } as const;

const outcome = async (how: Partial<Sampling>) => {
  const nf = await open(reference());
  const result = await sample(trained, { solver: eulerAncestral(), grid: 20, count: 4, key: key(1), ...how })(
    nf.backend,
  )();
  await nf.close();
  return result;
};
const draw = async (how: Partial<Sampling>) => Array.from(unwrap(await outcome(how)).data);
/** The mean distance of the samples of a solver with n and 2n steps. */
const distance = async (solver: Solver, n: number, brownian: boolean): Promise<number> => {
  const [one, two] = [await draw({ solver, grid: n, brownian }), await draw({ solver, grid: 2 * n, brownian })];
  return Math.sqrt(one.reduce((sum, x, i) => sum + (x - two[i]!) ** 2, 0) / one.length);
};

describe('brownian', () => {
  it.each<readonly [string, Solver]>([
    ['eulerAncestral', eulerAncestral()],
    ['ancestral', ancestral()],
    ['dpmSolverPPSde', dpmSolverPPSde()],
    ['dpmSolverPPSdeSinglestep', dpmSolverPPSdeSinglestep()],
  ])('more steps of %s approach one sample', async (_, solver) => {
    const distances = [await distance(solver, 25, true), await distance(solver, 100, true)];
    expect(distances[1]! / distances[0]!).toBeLessThan(0.5);
    expect(distances[1]!).toBeLessThan(0.1);
    expect(await distance(solver, 100, false)).toBeGreaterThan(0.2);
  });

  it('samples do not depend on their batch', async () => {
    const all = await draw({ brownian: true });
    expect(await draw({ brownian: true, batch: 3 })).toEqual(all);
    expect(await draw({ brownian: true, first: 2, count: 2 })).toEqual(all.slice(2 * 16));
  });

  it.each<readonly [string, Partial<Sampling>, string]>([
    ['a solver without noise', { solver: ddim() }, 'sample: brownian: expected a solver that adds noise, got one that does not'],
    ['given noise', { noise: { noise: () => ({ data: new Float32Array(16), shape: [1, 4, 4, 1] }) } }, 'sample: brownian: expected no noise.noise beside it, got both'],
    ['a known part', { known: { images: { data: new Float32Array(64), shape: [4, 4, 4, 1] }, mask: { data: new Float32Array(16), shape: [1, 4, 4, 1] } } }, 'sample: brownian: expected no known part'],
  ])('refuses %s', async (_, how, message) => {
    const result = await outcome({ ...how, brownian: true });
    expect(E.isLeft(result) && result.left.message).toContain(message);
  }); // oxfmt-ignore
});
