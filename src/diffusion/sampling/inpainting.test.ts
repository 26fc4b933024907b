import { describe, expect, it } from 'vitest';
import { relativeDistance, right } from '../../../properties/diffusion/run.js';
import { reference } from '../../backends/reference/index.js';
import {
  type AnyValue, compile, constantOf, type Dim, foldIn, fork, gather, key, matmul, mul, normal, onesLike, program, read,
  type Tensor, upload,
} from '../../dsl/index.js'; // oxfmt-ignore
import { E } from '../../internal/fp.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { ancestral } from '../solvers/ancestral.js';
import { uncorrected } from '../guidance/x0Correction.js';
import { ddim } from '../solvers/ddim.js';
import type { Conditioning, Denoiser } from '../denoisers/denoiser.js';
import { partOfTheWay, startFrom } from './imageToImage.js';
import { type Inpainter, inpainting, repaintOrder, type Resampling } from './inpainting.js';
import { dpmSolverPP } from '../solvers/exponential/dpmSolverPP.js';
import { sampler } from './sampler.js';
import type { Grid } from '../grids/grid.js';
import type { Solver } from '../solvers/plan.js';
import { wholeTimesteps } from '../paths/discretePath.js';
import { rectifiedFlow } from '../paths/continuousNoising.js';
import { ddpm } from '../paths/discreteNoising.js';

const T = 200;
const noising = right(ddpm(cosine(T)));
const RHO = 0.9;
const COUNT = 500;

// Two numbers of variance 1 and correlation ρ: along (1, 1) the variance is 1 + ρ, across it 1 - ρ, and in each of
// these directions E[x₀|x_t] = α·λ/(α²·λ + σ²)·x_t.
const axes = constantOf([Math.SQRT1_2, Math.SQRT1_2, Math.SQRT1_2, -Math.SQRT1_2], 2, 2);
const shrink = constantOf(
  noising.marginals.flatMap(({ alpha, sigma }) =>
    [1 + RHO, 1 - RHO].map((lambda) => (alpha * lambda) / (alpha ** 2 * lambda + sigma ** 2)),
  ),
  T,
  2,
);
const correlated: Denoiser<null, [2]> = {
  predicts: 'x0',
  apply: <B extends Dim>(_: null, x: Tensor<[B, 2]>, { t }: Conditioning<B>) =>
    matmul(mul(matmul(x, axes), gather(shrink, wholeTimesteps(t))), axes),
};

const samplerOf = (solver: Solver, grid: number | Grid) =>
  right(sampler({ noising, denoiser: correlated, grid, solver, correction: uncorrected }));
const noise = normal(COUNT, 2);

/** x after each step. */
const statesOf = async (
  inpainter: Inpainter<null, [2]>,
  image: readonly number[],
  mask: readonly number[],
): Promise<readonly (readonly number[])[]> => {
  const backend = right(await reference()());
  const walk = program(
    {
      state: { x: `${COUNT} 2` },
      image: `${COUNT} 2`,
      mask: `${COUNT} 2`,
      index: ':int32',
      k: 'key',
    } as const,
    ({ state: { x }, image: shown, mask: known, index, k }) => {
      const one = x as Tensor<[typeof COUNT, 2]>;
      const { state: { x: next } } = inpainter.step(null, { x: one, memory: [] }, {
        index,
        key: k,
        known: { image: shown as typeof one, mask: known as typeof one },
      }); // oxfmt-ignore
      return { state: { x: next } };
    },
  );
  const begin = right(
    await compile(
      program('key', (k) => noise(k)),
      {},
    )(backend)(),
  );
  const step = right(await compile(walk, {}, { donate: ['state'] })(backend)());
  const settings = {
    image: right(await upload(Float64Array.from(image), [COUNT, 2])(backend)()),
    mask: right(await upload(Float64Array.from(mask), [COUNT, 2])(backend)()),
  };
  let state: { readonly x: AnyValue } = { x: right(await begin.run(key(3))()) };
  const states: (readonly number[])[] = [];
  for (let index = 0; index < inpainter.steps; index++) {
    state = right(await step.run({ ...settings, state, index, k: foldIn(key(5), index) } as never)()).state;
    states.push([...right(await read(state.x as never)(backend)())]);
  }
  right(await backend.close());
  return states;
};

/** The last x, with the known numbers and the painted ones. */
const painted = async (...args: Parameters<typeof statesOf>): Promise<readonly number[]> =>
  (await statesOf(...args)).at(-1)!;

/**
 * The evaluations of RePaint, as pairs of a timestep and the next, -1 for the data: the schedule that the authors
 * publish with the paper (Lugmayr et al. 2022, their `get_schedule_jump`), step by step, written independently. A
 * walker goes down from T - 1. At a timestep that is a multiple of the jump, and more than a jump below T, it goes up by
 * a jump, as often as there are resamples but one.
 */
const publishedPairs = (T: number, jump: number, resamples: number): readonly (readonly [number, number])[] => {
  const left = new Map<number, number>();
  for (let at = 0; at < T - jump; at += jump) left.set(at, resamples - 1);
  const visited: number[] = [];
  let t = T;
  while (t > 0) {
    visited.push(--t);
    const again = left.get(t) ?? 0;
    if (again === 0) continue;
    left.set(t, again - 1);
    for (let up = 0; up < jump; up++) visited.push(++t);
  }
  visited.push(-1);
  return visited.flatMap((from, i) => {
    const to = visited[i + 1];
    return to !== undefined && to < from ? [[from, to] as const] : [];
  });
};

/** The first number of each sample is known, from -2 to 2. */
const image = Array.from({ length: 2 * COUNT }, (_, i) => (i % 2 === 0 ? (4 * (i / 2)) / (COUNT - 1) - 2 : 99));
const mask = image.map((_, i) => 1 - (i % 2));

/** The slope of the painted numbers over the known ones: ρ, if they match. */
const slopeOf = (numbers: readonly number[]): number => {
  let [products, squares] = [0, 0];
  for (let i = 0; i < numbers.length; i += 2) {
    products += numbers[i]! * numbers[i + 1]!;
    squares += numbers[i]! ** 2;
  }
  return products / squares;
};

const made = (resampling: Resampling, solver: Solver = ancestral(), grid = 40) =>
  right(inpainting(resampling)(samplerOf(solver, grid)));

describe('inpainting', () => {
  it('keeps the known part exactly', async () => {
    const numbers = await painted(made({}), image, mask);
    numbers.forEach((x, i) => (i % 2 === 0 ? expect(x).toBe(image[i]) : expect(Math.abs(x)).toBeLessThan(9)));
  });

  it('is plain sampling if nothing is known', async () => {
    const solver = ddim();
    const numbers = await painted(made({}, solver, 20), image, mask.map(() => 0)); // oxfmt-ignore
    const plain = samplerOf(solver, 20);
    const backend = right(await reference()());
    const whole = program('key', (k) => {
      let state = plain.start(noise(k));
      for (let i = 0; i < plain.steps; i++)
        state = plain.step(null, state, { index: constantOf(Int32Array.of(i)) }).state;
      return state.x;
    });
    const run = right(await compile(whole, {})(backend)());
    const expected = [...right(await read(right(await run.run(key(3))()))(backend)())];
    right(await backend.close());
    expect(relativeDistance(numbers, expected)).toBeLessThan(1e-12);
  });

  it('matches the known part better with more resamples', async () => {
    const slopes = await Promise.all(
      [{}, { resamples: 4 }, { resamples: 10 }].map(async (r) => slopeOf(await painted(made(r), image, mask))),
    );
    // measured: 0.64, 0.86, 0.87
    expect(slopes[1]).toBeGreaterThan(slopes[0]! + 0.05);
    expect(slopes[2]).toBeGreaterThan(slopes[1]!);
    expect(Math.abs(slopes[2]! - RHO)).toBeLessThan(0.1);
  });

  it.each([
    [250, 10, 10, 2410],
    [20, 5, 3, 50],
    [50, 10, 10, 410],
    [10, 10, 10, 10], // no stretch lies between the noisy end and the data
    [10, 20, 10, 10],
    [40, 1, 4, 40 + 39 * 3], // Algorithm 1: all but the last step
    [1, 1, 5, 1],
    [23, 5, 2, 43], // what is left over is at the noisy end
    [12, 3, 1, 12],
  ])(
    '%i steps with a jump of %i and %i resamples take %i evaluations, as published',
    (T, jump, resamples, evaluations) => {
      const published = publishedPairs(T, jump, resamples);
      expect(published).toHaveLength(evaluations);
      expect(repaintOrder(T, { resamples, jump }).map((leg) => [T - 1 - leg, T - 2 - leg])).toEqual(published);
      expect(made({ resamples, jump }, ancestral(), Math.min(T, 200)).steps).toBe(
        publishedPairs(Math.min(T, 200), jump, resamples).length,
      );
    },
  );

  it('has the noise level of the next step, also when it goes back up', async () => {
    // x̂₀ is 0.5 for every x_t, so x after any step is √ᾱ·0.5 + √(1-ᾱ)·ε at the timestep of the next evaluation
    const grey: Denoiser<null, [2]> = { predicts: 'x0', apply: (_, x) => mul(onesLike(x), 0.5) };
    const parts = { noising, denoiser: grey, grid: 9, solver: ancestral() };
    const plain = right(sampler(parts));
    const { plan } = plain;
    const walker = right(inpainting({ resamples: 2, jump: 3 })(plain));
    const order = publishedPairs(9, 3, 2).map(([t]) => 8 - t);
    const states = await statesOf(walker, image, mask.map(() => 0)); // oxfmt-ignore
    states.forEach((numbers, step) => {
      const { alpha, sigma } = step === order.length - 1 ? plan.at(-1)!.to : plan[order[step + 1]!]!.from;
      const variance = sigma ** 2;
      const n = numbers.length;
      const mean = numbers.reduce((sum, x) => sum + x, 0) / n;
      const spread = numbers.reduce((sum, x) => sum + (x - 0.5 * alpha) ** 2, 0) / n;
      // five standard errors of a mean and of a variance of n normal numbers
      expect(Math.abs(mean - 0.5 * alpha)).toBeLessThanOrEqual(5 * Math.sqrt(variance / n));
      expect(Math.abs(spread - variance)).toBeLessThanOrEqual(5 * variance * Math.sqrt(2 / n));
    });
  });

  it('refuses invalid options and solvers', () => {
    const whereOf = (resampling: Resampling, solver: Solver = ancestral()) => {
      const outcome = inpainting(resampling)(samplerOf(solver, 2));
      return E.isLeft(outcome) && outcome.left.message;
    };
    const hint = '; the paper uses { resamples: 10, jump: 10 }';
    expect(whereOf({ resamples: 0 })).toBe(`inpainting.resamples: expected an integer ≥ 1, got 0${hint}`);
    expect(whereOf({ jump: 1.5 })).toBe(`inpainting.jump: expected an integer ≥ 1, got 1.5${hint}`);
    expect(whereOf({ resample: 3 } as Resampling)).toBe(
      'inpainting.resample: expected one of the fields resamples, jump, got an unknown field; did you mean resamples?',
    );
    expect(made({ jump: 1e9, resamples: 10 }).steps).toBe(40); // a jump is longer than the path
    expect(whereOf({ resamples: 1e9 })).toBe(
      `inpainting.resamples: expected at most 100000 steps in total, got 1000000001${hint}`,
    );
    expect(whereOf({ resamples: 2 }, dpmSolverPP())).toBe(false); // its second step, to the data, uses no earlier x̂₀
    const remembering = dpmSolverPP();
    const three = inpainting({ resamples: 2 })(samplerOf(remembering, 3));
    expect(E.isLeft(three) && three.left.message).toContain('a solver that uses no predictions of earlier steps');
    expect(E.isRight(inpainting()(samplerOf(remembering, 3)))).toBe(true);
  });
});

describe('image to image', () => {
  it('begins at the noise level of its first timestep', async () => {
    const part = samplerOf(ddim(), partOfTheWay(0.5, 20));
    expect(part.timesteps[0]).toBeLessThan(T / 2);
    expect(part.timesteps).toEqual(samplerOf(ddim(), 20).timesteps.filter((t) => t < T / 2));
    const { alpha, sigma } = noising.marginals[part.timesteps[0]!]!;
    const backend = right(await reference()());
    const begin = program('key', (k) => {
      const keys = fork(k, 'x0', 'noise');
      const [x0, epsilon] = [noise(keys.x0), noise(keys.noise)];
      return { x0, epsilon, x: startFrom(part)(x0, epsilon).x };
    });
    const { x0, epsilon, x } = right(await right(await compile(begin, {})(backend)()).run(key(1))());
    const [a, e, found] = await Promise.all([x0, epsilon, x].map(async (v) => [...right(await read(v)(backend)())]));
    right(await backend.close());
    const expected = a!.map((value, i) => alpha * value + sigma * e![i]!);
    expect(relativeDistance(found!, expected)).toBeLessThan(1e-14);
  });

  it('takes the part of the steps of a flow, also where their number is rounded', () => {
    // in float64 0.29·100 and 0.58·50 are just below 29
    const counts = ([strength, steps]: readonly [number, number]) =>
      right(partOfTheWay(strength, steps)(rectifiedFlow())).length;
    expect(([[0.29, 100], [0.58, 50], [0.5, 5], [1, 3]] as const).map(counts)).toEqual([29, 29, 2, 3]); // oxfmt-ignore
  });

  it('refuses an invalid strength, and one that leaves no timestep', () => {
    for (const strength of [0, -1, 1.01, NaN])
      expect(partOfTheWay(strength, 10)(noising)).toMatchObject(
        E.left({ expected: 'a strength above 0 and at most 1' }),
      );
    expect(partOfTheWay(0.5, 1)(noising)).toMatchObject(E.left({ actual: `[${T - 1}]` }));
  });
});
