/**
 * Compares solvers with diffusers' schedulers and k-diffusion's samplers, step by step, in float64 on the reference.
 * Known differences are listed with their reason and size.
 */
import { describe, expect, it } from 'vitest';
import { goldenDiffusers, type GoldenSteps, goldenSteps } from '../golden/diffusers.js';
import { detNoise } from '../golden/gaussianDiffusion.js';
import { expectedOf, placeOf, said, walkedBy } from './publishedWalk.js';
import { relativeDistance } from './run.js';

/** The published numbers have 14 digits; a step multiplies roundings by at most 1/√ᾱ, 158 for ε. */
const TOLERANCE = 1e-12;

/** The difference of our states from theirs after each step. */
const distances = async (golden: GoldenSteps): Promise<readonly number[]> => {
  const ours = await walkedBy(golden);
  return expectedOf(golden).map((theirs, i) => relativeDistance(ours[i]!, theirs));
};

/** x at the beginning of their step i. */
const beginning = (golden: GoldenSteps, i: number): readonly number[] =>
  i === 0 ? detNoise(4, 1) : expectedOf(golden)[i - 1]!;

/** Known differences: the number of equal steps before, and the size of the difference. */
const differences: Readonly<Record<string, readonly [after: number, distance: number, why: string]>> = {
  'ddpm trailing fixed_large': [7, 1.3, 'the last step draws noise if its t is above 0; Algorithm 2 draws none'],
  'ddim linspace': [0, 0.13, 'a step ends ⌊T/steps⌋ earlier, which is not where the next begins'],
  'pndm plms v': [0, 0.011, 'the mean of v, and ε̂ of that'],
  'dpm++ singlestep 3': [1, 0.071, 'the second stage of three is that of 2S, with φ₁/2 for φ₂'],
  'dpm++ singlestep 3, 9 steps, φ₂ at the second stage': [
    7,
    7.8e-6,
    'φ₂ at the second stage of two too, where 2S has φ₁/2',
  ],
};

const same = goldenDiffusers.cases.filter(({ name }) => !(name in differences));

describe('solvers go where published ones do', () => {
  it.each(same)('$name', async (golden) => {
    expect(golden.xs.length).toBeGreaterThan(3);
    expect(Math.max(...(await distances(golden)))).toBeLessThan(TOLERANCE);
  });
});

describe('where published solvers differ', () => {
  it.each(Object.entries(differences))('%s: %j', async (name, [after, distance]) => {
    const all = await distances(goldenSteps(name));
    expect(Math.max(0, ...all.slice(0, after))).toBeLessThan(TOLERANCE);
    expect(Math.abs(all[after]! / distance - 1)).toBeLessThan(0.05); // two digits
  });

  it('DDPM: the noise of the last step has the variance of all that is left', async () => {
    const golden = goldenSteps('ddpm trailing fixed_large');
    const { noising, timesteps } = placeOf(golden);
    const sigma = noising.marginals[timesteps.at(-1)!]!.sigma;
    const ours = (await walkedBy(golden)).at(-1)!.map((x, i) => x + sigma * detNoise(4, 17)[i]!);
    expect(relativeDistance(ours, golden.xs.at(-1)!)).toBeLessThan(TOLERANCE);
  });

  it('DDIM: the first step of linspace(8) ends at 999 - 125', async () => {
    const golden = goldenSteps('ddim linspace');
    const short = { ...golden, timesteps: [999, 874], xs: golden.xs.slice(0, 1) };
    expect(await distances(short)).toHaveLength(1);
    expect((await distances(short))[0]).toBeLessThan(TOLERANCE);
  });

  it('PNDM of a v: theirs takes the mean of v, and ε̂ of that at the newest x', async () => {
    const golden = goldenSteps('pndm plms v');
    const { noising, timesteps } = placeOf(golden);
    const [from, to] = [noising.marginals[timesteps[1]!]!, noising.marginals[timesteps[2]!]!];
    const x = beginning(golden, 1);
    const theirs = x.map((x1, k) => {
      const v = (3 * said(x1, timesteps[1]!) - said(beginning(golden, 0)[k]!, timesteps[0]!)) / 2;
      return to.alpha * (from.alpha * x1 - from.sigma * v) + to.sigma * (from.alpha * v + from.sigma * x1);
    });
    expect(relativeDistance(theirs, golden.xs[1]!)).toBeLessThan(TOLERANCE);
  });
});
