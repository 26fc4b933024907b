import { describe, expect, it } from 'vitest';
import { gaussianData, samplesOf, TAU } from '../../../properties/diffusion/gaussianData.js';
import { numbersOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import { fullLike, normal } from '../../dsl/index.js';
import { E, F } from '../../internal/fp.js';
import { ancestral } from './ancestral.js';
import { consistency } from './consistency.js';
import { uncorrected } from '../guidance/x0Correction.js';
import { ddim } from './ddim.js';
import { type Denoiser } from '../denoisers/denoiser.js';
import { reparameterize } from '../denoisers/overNoising.js';
import { dpmSolverPP } from './exponential/dpmSolverPP.js';
import { dpmSolverPPSde } from './exponential/dpmSolverPPSde.js';
import { dpmSolverPPSinglestep } from './exponential/dpmSolverPPSinglestep.js';
import { euler, heun } from './edm.js';
import { spaced } from '../grids/grid.js';
import { eulerAncestral } from './eulerAncestral.js';
import { lms } from './lms.js';
import { pndm } from './pndm.js';
import { rungeKutta } from './rungeKutta.js';
import { sampler } from '../sampling/sampler.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { scheduleFromBetas } from '../schedules/schedule.js';
import { plus, solverOf, times } from './algorithm.js';
import type { Solver } from './plan.js';
import { ddimStep } from './steps.js';
import { uniPC } from './exponential/uniPC.js';
import { ddpm } from '../paths/discreteNoising.js';

const noising = right(ddpm(cosine(1000)));

/** The mean of x̂₀ at both ends of a step, as a user would add it: two evaluations a step, one in the last. */
const twice = solverOf(({ x, D }, from, to) => {
  const { x0 } = D(x, from);
  const euler = ddimStep(x, x0, from, to);
  return to.sigma === 0 ? euler : ddimStep(x, times(1 / 2, plus(x0, D(euler, to).x0)), from, to);
});

/** The solvers that the tests below run on. Add yours here. */
const solvers: Readonly<Record<string, (steps: number) => Solver>> = {
  ...Object.fromEntries(
    ([1, 2, 3] as const).flatMap((order) => [
      [`dpmSolverPP of order ${order}`, () => dpmSolverPP({ order })],
      [`dpmSolverPPSinglestep of order ${order}`, () => dpmSolverPPSinglestep({ order })],
      [`uniPC bh1 of order ${order}`, () => uniPC({ order, variant: 'bh1' })],
      [`uniPC bh2 of order ${order}`, () => uniPC({ order })],
    ]),
  ),
  'dpmSolverPPSde of order 1': () => dpmSolverPPSde({ order: 1 }),
  dpmSolverPPSde: () => dpmSolverPPSde(),
  euler: () => euler(),
  'euler with churn': (steps) => euler({ churn: steps / 4, sNoise: 1 }),
  heun: () => heun(),
  'heun with churn': (steps) => heun({ churn: steps / 4, sMin: 0.05, sMax: 50 }),
  eulerAncestral: () => eulerAncestral(),
  pndm: () => pndm(),
  'pndm that begins by Runge-Kutta': () => pndm({ start: 'rungeKutta' }),
  lms: () => lms(),
  "Kutta's method": () => rungeKutta({ tableau: [[1 / 2], [-1, 2], [1 / 6, 2 / 3, 1 / 6]] }),
  ancestral: () => ancestral(),
  'ancestral with σ² = β': () => ancestral({ variance: 'beta' }),
  ddim: () => ddim(),
  'ddim with η = 0.7': () => ddim({ eta: 0.7 }),
  'a solver of two evaluations': () => twice,
};

/** A denoiser of v, which can start without signal. */
const erased = right(
  F.pipe(
    cosine(1000),
    E.flatMap(({ betas }) => scheduleFromBetas([...betas.slice(0, -1), 1])),
    ddpm,
  ),
);

describe.each([...Object.entries(solvers), ['consistency', () => consistency()] as const])(
  'every solver, %s,',
  (_, solver) => {
    it('finds data at a single point', async () => {
      const point: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => fullLike(x, 0.25) };
      const result = right(sampler({ noising, denoiser: point, grid: 7, solver: solver(7) }));
      // the last step of most solvers is x̂₀ itself; that of PNDM and LMS is computed from rounded ε̂
      for (const sample of await samplesOf(result, [0.3, -2, 1])) expect(Math.abs(sample - 0.25)).toBeLessThan(1e-13);
    });

    it('gives the same samples in every parameterization', async () => {
      const draw = (predicts: Denoiser<null, []>['predicts']) => {
        const denoiser = reparameterize(noising, predicts)(gaussianData(noising));
        return samplesOf(right(sampler({ noising, denoiser, grid: 12, solver: solver(12) })), [1, -0.5]);
      };
      const expected = await draw('x0');
      // ε̂ near t = 999 has an error of 1/√ᾱ = 20,000 roundings
      for (const predicts of ['epsilon', 'v'] as const)
        expect(relativeDistance(await draw(predicts), expected)).toBeLessThan(1e-10);
    });

    it('stays bounded with few steps, and at a start without signal', async () => {
      for (const given of [noising, erased])
        for (const steps of [1, 2, 3, 4, 5]) {
          const denoiser = reparameterize(given, 'v')(gaussianData(given));
          const result = right(
            sampler({
              noising: given,
              denoiser,
              grid: steps,
              solver: solver(steps),
              correction: uncorrected,
            }),
          );
          expect(result.timesteps[0]).toBe(999);
          // τ is 1/2, and x_T at most 2
          for (const sample of await samplesOf(result, [1, -2])) expect(Math.abs(sample)).toBeLessThan(6);
        }
    });
  },
);

describe.each(Object.entries(solvers))('every solver of the mean, %s,', (_, solver) => {
  it('gives Gaussian data the right variance, better with more steps', async () => {
    const samples = await numbersOf(normal(2048));
    const variance = (xs: readonly number[]): number => xs.reduce((sum, x) => sum + x ** 2, 0) / xs.length;
    const errorOf = async (steps: number) => {
      const result = right(
        sampler({
          noising,
          denoiser: gaussianData(noising),
          grid: steps,
          solver: solver(steps),
          correction: uncorrected,
        }),
      );
      // a deterministic solver is a linear map of these noises, whose sample variance is not exactly 1: a few are enough
      const noises = result.stochastic ? samples : samples.slice(0, 16);
      const begun = result.stochastic ? 1 : variance(noises);
      // the relative standard deviation of a variance of n samples is √(2/n)
      const chance = result.stochastic ? 4 * Math.sqrt(2 / noises.length) : 0;
      return { error: Math.abs(variance(await samplesOf(result, noises)) / (begun * TAU ** 2) - 1), chance };
    };
    const [few, many] = [await errorOf(10), await errorOf(160)];
    expect(many.error).toBeLessThan(few.error + many.chance);
    expect(many.error).toBeLessThan(many.chance + 0.03);
  });
});

describe('a custom solver', () => {
  it('may evaluate twice a step: more accurate than twice as many steps, and of higher order', async () => {
    const errorOf = async (solver: Solver, steps: number): Promise<number> => {
      // almost no noise is left from t = 0 to the data, so the lower order of the last step does not matter
      const grid = spaced(steps);
      const result = right(
        sampler({ noising, denoiser: gaussianData(noising), grid, solver, correction: uncorrected }),
      );
      const { alpha, sigma } = noising.marginals[999]!;
      const exact = TAU / Math.hypot(alpha * TAU, sigma);
      return Math.abs((await samplesOf(result, [1]))[0]! / exact - 1);
    };
    const [coarse, fine, first] = [await errorOf(twice, 20), await errorOf(twice, 40), await errorOf(ddim(), 80)];
    expect(fine).toBeLessThan(first / 2);
    expect(fine).toBeLessThan(coarse / 3);
  });
});
