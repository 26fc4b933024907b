import { discretePath } from '../paths/discretePath.js';
import { describe, expect, it } from 'vitest';
import { gaussianData, samplesOf, TAU } from '../../../properties/diffusion/gaussianData.js';
import { numbersOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import { constantOf, scalar, tanh } from '../../dsl/index.js';
import { type Denoiser } from '../denoisers/denoiser.js';
import { reparameterize } from '../denoisers/overNoising.js';
import { everyStep, atTimes, trailing } from '../grids/grid.js';
import { respace } from '../grids/respacing.js';
import { noisingOfSigmas } from '../grids/sigmaNoising.js';
import { uncorrected } from '../guidance/x0Correction.js';
import { sigmaAt } from '../schedules/noiseLevel.js';
import { zeroTerminalSNR } from '../schedules/zeroTerminalSNR.js';
import { ddim } from './ddim.js';
import { dpmSolverPPSde } from './exponential/dpmSolverPPSde.js';
import { eulerAncestral } from './eulerAncestral.js';
import type { Solver } from './plan.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { euler, heun } from './edm.js';
import { sigmaOf } from '../channels/channel.js';
import { sampler } from '../sampling/sampler.js';
import { edm } from '../paths/continuousNoising.js';
import { levelsOf } from '../paths/noising.js';
import { ddpm } from '../paths/discreteNoising.js';

describe.each([
  ['euler', euler],
  ['heun', heun],
])('churn, %s,', (name, solver) => {
  const noising = right(ddpm(cosine(100)));
  const made = (churn: number, sMin = 0) =>
    sampler({ noising, denoiser: gaussianData(noising), grid: 100, solver: solver({ churn, sMin }) });

  it('draws noise for any churn above 0, where a step is in its range', () => {
    for (const [churn, sMin, draws] of [
      [40, 0, true],
      [0.001, 0, true],
      [0, 0, false],
      [1, 1e300, false],
    ] as const)
      expect(right(made(churn, sMin)).stochastic).toBe(draws);
  });

  it('raises x_t to (1 + γ)·σ exactly, between timesteps of the process', () => {
    const { plan } = right(made(1));
    const raised = plan.filter(({ stages }) => stages[0]!.churn !== undefined);
    expect(raised.length).toBeGreaterThan(90);
    for (const { from, stages } of raised) {
      const { at } = stages[0]!;
      expect(Math.abs(sigmaOf(at) / sigmaOf(from) - 1.01)).toBeLessThan(1e-12);
      expect(at.t === 99 || (at.t > from.t && at.t < from.t + 1)).toBe(true);
    }
  });

  it('is added where σ is sMin or sMax, and not beyond them', () => {
    const { sigmas } = noising.schedule;
    const draws = (sMin: number, sMax: number) => {
      const options = { churn: 40, sMin, sMax };
      return right(sampler({ noising, denoiser: gaussianData(noising), grid: 100, solver: solver(options) }))
        .stochastic;
    };
    for (const t of [3, 50, 90]) {
      const sigma = sigmas[t]!;
      expect([draws(sigma, sigma), draws(sigma, sigma * 1.001), draws(sigma * 0.999, sigma)]).toEqual([
        true,
        true,
        true,
      ]);
      expect([draws(sigma * 1.001, sigma * 1.002), draws(sigma * 0.998, sigma * 0.999)]).toEqual([false, false]);
    }
  });
});

it.each([
  [999, 1, true],
  [1001, 1, false],
  [1999.8, 20, true],
  [2000.2, 20, false],
])('heun evaluates again in a step from σ = %d to %d: %s', async (from, to, again) => {
  const noising = right(noisingOfSigmas([to, from]));
  const denoiser: Denoiser<null, [4]> = { predicts: 'x0', apply: (_, x) => tanh(x) };
  const afterStep = (solver: typeof euler) => {
    const result = right(sampler({ noising, denoiser, grid: everyStep, solver: solver() }));
    const start = result.start(constantOf([-1, 0.3, 0.8, 2], 1, 4));
    const stages = result.plan[0]!.stages.length;
    return numbersOf(() => {
      const first = result.step(null, start, { index: scalar(0, 'int32') }).state;
      return (stages === 1 ? first : result.step(null, first, { index: scalar(1, 'int32') }).state).x;
    });
  };
  const [first, both] = [await afterStep(euler), await afterStep(heun)];
  if (again) first.forEach((value, i) => expect(both[i]).not.toBe(value));
  else expect(both).toEqual(first);
});

it('churn above the noise of the process is the same for each prediction', async () => {
  const noising = right(ddpm(cosine(100)));
  const x0 = gaussianData(noising);
  const draw = async (denoiser: Denoiser<null, []>) => {
    const parts = { noising, grid: atTimes([99, 50]), correction: uncorrected } as const;
    return samplesOf(right(sampler({ ...parts, denoiser, solver: heun({ churn: 0.4 }) })), [0.7, -0.2]);
  };
  const expected = await draw(x0);
  for (const to of ['epsilon', 'v', 'score'] as const)
    (await draw(reparameterize(noising, to)(x0))).forEach((x, i) => expect(x).toBeCloseTo(expected[i]!, 9));
});

it('the network of a respaced process gets the timestep of its own process at the noise of churn', () => {
  const noising = right(ddpm(cosine(1000)));
  const noiseAt = sigmaAt(noising.schedule);
  for (const grid of [trailing(10), atTimes([499, 249, 99])]) {
    const short = right(respace(grid)(noising));
    const { plan } = right(
      sampler({ noising: short, denoiser: gaussianData(short), solver: euler({ churn: 1.2 }), grid: everyStep }),
    );
    const levels = plan.map(({ stages }) => stages[0]!.at);
    const { clock } = discretePath(short);
    const times = levels.map((level) => clock.at(level));
    // above the noise of the process the network gets its last timestep
    const noises = levels.map((level) => Math.min(sigmaOf(level), noiseAt(999)));
    noises.forEach((noise, i) => expect(noiseAt(times[i]!) / noise).toBeCloseTo(1, 9));
    const own = levelsOf(short, [2, 1, 0])
      .slice(0, 3)
      .map((level) => clock.at(level));
    expect([...own]).toEqual([...short.timesteps.slice(0, 3)].reverse());
  }
});

it.each([2, 3, 4, 18])(
  'heun on the grid of edm is Algorithm 2 with %d steps, also where σ falls far at the end',
  async (N) => {
    // EDM, eq. 5, then 0
    const step = (i: number) => (80 ** (1 / 7) + (i / (N - 1)) * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7;
    const t = [...Array.from({ length: N }, (_, i) => step(i)), 0];
    const D = (x: number, sigma: number) => (x * TAU ** 2) / (TAU ** 2 + sigma ** 2);
    const expected = [0.7, -0.2].map((noise) => {
      let x = 80 * noise;
      for (let i = 0; i < N; i++) {
        const [from, to] = [t[i]!, t[i + 1]!];
        const d = (x - D(x, from)) / from;
        const next = x + (to - from) * d;
        x = to === 0 ? next : x + (to - from) * (d / 2 + (next - D(next, to)) / to / 2);
      }
      return x;
    });
    const noising = edm();
    const how = { noising, denoiser: gaussianData(noising), grid: N, solver: heun(), correction: uncorrected };
    expect(relativeDistance(await samplesOf(right(sampler(how)), [0.7, -0.2]), expected)).toBeLessThan(1e-9);
  },
);

it('between two levels without signal, each solver takes DDIM’s step', async () => {
  const noising = right(ddpm(zeroTerminalSNR(right(cosine(100)))));
  const denoiser = gaussianData(noising);
  const draw = (solver: Solver) =>
    samplesOf(right(sampler({ noising, denoiser, solver, grid: atTimes([99, 98.5, 50]) })), [0.7, -0.2]);
  const expected = await draw(euler());
  expect(expected.every(Number.isFinite)).toBe(true);
  expect(await draw(ddim())).toEqual(expected);
  for (const solver of [heun(), eulerAncestral(), dpmSolverPPSde()])
    expect((await draw(solver)).every(Number.isFinite)).toBe(true);
});
