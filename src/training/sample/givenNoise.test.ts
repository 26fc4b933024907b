import { expect, test } from 'vitest';
import {
  cosine,
  ddim,
  ddimStep,
  ddpm,
  dpmSolverPPSdeSinglestep,
  heun,
  inpainting,
  kdpm2Ancestral,
  levelsOf,
  type Model,
  type Noising,
  rectifiedFlow,
  sampler,
  solverOf,
  times,
  atTimes,
  trailing,
} from '../../diffusion/index.js';
import { key, tanh, treeSpec } from '../../dsl/index.js';
import { open, unwrap } from '../../index.js';
import { reference } from '../../backends/reference/index.js';
import { E } from '../../internal/fp.js';
import type { Images } from '../../data/images.js';
import type { GivenNoises, NoisePlace } from './givenNoise.js';
import { prepareSampling } from './prepareSampling.js';
import { sample } from './sample.js';
import type { Sampling } from './sampling.js';

const model: Model<object, [1, 1, 1]> = {
  params: treeSpec<object>({}),
  init: () => ({}),
  predicts: 'x0',
  apply: (_, x) => tanh(x),
};
const noising = unwrap(ddpm(cosine(1000)));
const trained = { model, noising, image: [1, 1, 1], params: {} } as const;
const numbers = (...data: readonly number[]): Images => ({
  data: Float32Array.from(data),
  shape: [data.length, 1, 1, 1],
});
/** ε of two samples in a step. */
const epsilon = (i: number): Images => numbers(Math.sin(i + 1), Math.cos(2 * i));
const from = { noise: numbers(0.7, -0.4) };
const GRID = trailing(4);

const outcome = async (how: Partial<Sampling>, path: Noising = noising) => {
  const nf = await open(reference());
  const result = sample(
    { ...trained, noising: path },
    { solver: ddim({ eta: 1 }), grid: GRID, count: 2, from, key: key(1), ...how },
  );
  const images = await result(nf.backend)();
  await nf.close();
  return images;
};
const draw = async (how: Partial<Sampling>): Promise<readonly number[]> => Array.from(unwrap(await outcome(how)).data);
const levels = levelsOf(noising, unwrap(GRID(noising)));
const close = (actual: readonly number[], expected: readonly number[]): void =>
  actual.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-6)); // noise is float32

test('replaces the noise of each step, sample by sample, for any batch', async () => {
  const expected = [0, 1].map((sampleIndex) =>
    levels.slice(1).reduce((x, to, i) => {
      const start = levels[i]!;
      const x0 = Math.tanh(x);
      const ratio = (to.sigma * start.alpha) / (to.alpha * start.sigma);
      const up = to.sigma * Math.sqrt(1 - ratio ** 2); // DDIM, eq. 16 with η = 1
      const down = Math.sqrt(Math.max(0, to.sigma ** 2 - up ** 2));
      const noise = (x - start.alpha * x0) / start.sigma;
      return to.alpha * x0 + down * noise + (to.sigma === 0 ? 0 : up * epsilon(i).data[sampleIndex]!);
    }, from.noise.data[sampleIndex]!),
  );
  for (const batch of [1, 2]) close(await draw({ noise: { noise: epsilon }, batch }), expected);
  await using nf = await open(reference());
  const prepared = await nf.run(prepareSampling(trained, { solver: ddim({ eta: 1 }), grid: GRID })); // one at a time
  const images = await nf.run(prepared.sample({ count: 2, from, key: key(1), noise: { noise: epsilon } }));
  close(Array.from(images.data), expected);
  expect(Math.abs((await draw({}))[0]! - expected[0]!)).toBeGreaterThan(1e-2);
});

test('is asked only where a stage adds noise, and may be one image for all samples', async () => {
  const asked: number[] = [];
  const noise = (i: number): Images => {
    asked.push(i);
    return numbers(0.3);
  };
  const [a, b] = await draw({ noise: { noise }, from: { noise: numbers(0.7, 0.7) } });
  expect(a).toBe(b);
  expect(asked).toEqual([0, 1, 2]); // the last step ends at the data
});

test('tells the step of each evaluation, also where a step has two or inpainting repeats it', async () => {
  const asked: (readonly number[])[] = [];
  const noise = (i: number, { step, stage }: NoisePlace): Images => {
    asked.push([i, step, stage]);
    return numbers(Math.sin(step));
  };
  const zero = () => numbers(0);
  const asksOf = async (how: Partial<Sampling>, given: GivenNoises = { noise }) => {
    asked.splice(0);
    await draw({ ...how, noise: given });
    return [...asked];
  };
  expect(await asksOf({ solver: kdpm2Ancestral() })).toEqual([
    [0, 0, 0], // σ falls far: one evaluation
    [2, 1, 1],
    [4, 2, 1], // the last step ends at the data
  ]);
  expect((await asksOf({ solver: dpmSolverPPSdeSinglestep() })).slice(0, 3)).toEqual([
    [0, 0, 0],
    [1, 1, 0],
    [2, 1, 1],
  ]);
  const known = { images: numbers(0.5, 0.5), mask: numbers(1, 0), resamples: 2, jump: 1 };
  const walk = await asksOf({ known }, { noise: zero, known: noise, again: zero });
  expect(walk.map(([, step]) => step)).toEqual([0, 0, 1, 1, 2, 2, 3]);
});

test('replaces the noise of churn, which is added before the step', async () => {
  const solver = heun({ churn: 1 });
  const churn = () => numbers(0.5, -1);
  const asked = await draw({ solver, noise: { churn } });
  expect(asked).toEqual(await draw({ solver, noise: { churn }, key: key(2) }));
  expect(asked).not.toEqual(await draw({ solver }));
});

test('of churn is refused where its standard deviation is 0, as in a step that scales x before it evaluates', async () => {
  const solver = solverOf(({ x, D }, from, to) => {
    const scaled = times(1 / 2, x);
    return ddimStep(scaled, D(scaled, from).x0, from, to);
  });
  const result = await outcome({ solver, grid: 4, noise: { churn: epsilon } }, rectifiedFlow());
  expect(E.isLeft(result) && result.left.message).toContain('noise.churn: expected a noise that the solver or inpainting draws'); // oxfmt-ignore
});

test('replaces the noises of inpainting', async () => {
  const known = { images: numbers(0.5, 0.5), mask: numbers(1, 0), resamples: 2, jump: 1 };
  const noise: GivenNoises = { noise: epsilon, known: epsilon, again: () => numbers(0.1, 0.2) };
  const one = await draw({ known, noise });
  expect(one).toEqual(await draw({ known, noise, key: key(9) })); // nothing is drawn
  expect(one[0]).toBe(0.5);
  expect(one).not.toEqual(await draw({ known, noise: { ...noise, again: () => numbers(0, 0) } }));
  const walk = unwrap(
    inpainting({ resamples: 2 })(unwrap(sampler({ noising, denoiser: model, grid: GRID, solver: ddim() }))),
  );
  expect(walk.evaluations).toEqual([0, 0, 1, 1, 2, 2, 3]);
});

test.each<[string, Partial<Sampling>]>([
  [
    'sample: noise.churn: expected a noise that the solver or inpainting draws, got churn, which it does not draw',
    { noise: { churn: epsilon } },
  ],
  [
    'sample: noise.noise(0): expected all numbers of [2 or 1, 1, 1, 1], got 3 of [3, 1, 1, 1]',
    { noise: { noise: () => numbers(1, 2, 3) } },
  ],
  ['sample: noise.noise(0): expected finite numbers, got NaN', { noise: { noise: () => numbers(NaN) } }],
  ['sample: noise.noise(0): expected { data, shape }, got nothing', { noise: { noise: () => undefined as never } }],
  [
    'sample: noise.noise(0): expected functions that do not throw',
    {
      noise: {
        noise: () => {
          throw new RangeError('no more noise');
        },
      },
    },
  ],
  ['sample.noise.noise: expected a function of the index of an evaluation, got 5', { noise: { noise: 5 as never } }],
  ['sample.noise.nois: expected one of the fields noise, churn, known, again', { noise: { nois: epsilon } as never }],
])('%s', async (message, how) => {
  const result = await outcome(how);
  expect(E.isLeft(result) && result.left.message).toContain(message);
});

test('samples may end at the last level of the grid, with its noise', async () => {
  const [from0, to] = levelsOf(noising, [999, 500]);
  const expected = from.noise.data.map((x) => {
    const x0 = Math.tanh(x);
    return to!.alpha * x0 + (to!.sigma / from0!.sigma) * (x - from0!.alpha * x0);
  });
  close(await draw({ solver: ddim(), grid: atTimes([999, 500]), toData: false }), Array.from(expected));
});
