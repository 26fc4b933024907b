import { describe, expect, it } from 'vitest';
import { gaussianData } from '../../../properties/diffusion/gaussianData.js';
import { numbersOf, right } from '../../../properties/diffusion/run.js';
import { constantOf, scalar, tanh } from '../../dsl/index.js';
import type { Denoiser } from '../denoiser/denoiser.js';
import { everyStep } from '../grids/grid.js';
import { processOfSigmas } from '../grids/sigmaProcess.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { euler, heun } from './edm.js';
import { ddpm } from '../process/process.js';
import { sigmaOf } from '../schedules/channel.js';
import { sampler } from '../sampling/sampler.js';

describe.each([
  ['euler', euler],
  ['heun', heun],
])('churn, %s,', (name, solver) => {
  const process = right(ddpm(cosine(100)));
  const made = (churn: number, sMin = 0) =>
    sampler({ process, denoiser: gaussianData(process), grid: 100, solver: solver({ churn, sMin }) });

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
    const raised = plan.filter(({ stages }) => stages[0]!.raise !== undefined);
    expect(raised.length).toBeGreaterThan(90);
    for (const { from, stages } of raised) {
      const { at } = stages[0]!;
      expect(Math.abs(sigmaOf(at) / sigmaOf(from) - 1.01)).toBeLessThan(1e-12);
      expect(at.t === 99 || (at.t > from.t && at.t < from.t + 1)).toBe(true);
    }
  });

  it('is added where σ is sMin or sMax, and not beyond them', () => {
    const { sigmas } = process.schedule;
    const draws = (sMin: number, sMax: number) => {
      const options = { churn: 40, sMin, sMax };
      return right(sampler({ process, denoiser: gaussianData(process), grid: 100, solver: solver(options) }))
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
  [99.99, true],
  [100.01, false],
])('heun evaluates again in a step over which σ falls %d-fold: %s', async (ratio, again) => {
  const process = right(processOfSigmas([1, ratio]));
  const denoiser: Denoiser<null, [4]> = { predicts: 'x0', apply: (_, x) => tanh(x) };
  const afterStep = (solver: typeof euler) => {
    const made = right(sampler({ process, denoiser, grid: everyStep, solver: solver() }));
    const start = made.start(constantOf([-1, 0.3, 0.8, 2], 1, 4));
    const stages = made.plan[0]!.stages.length;
    return numbersOf(() => {
      const first = made.step(null, start, { index: scalar(0, 'int32') }).state;
      return (stages === 1 ? first : made.step(null, first, { index: scalar(1, 'int32') }).state).x;
    });
  };
  const [first, both] = [await afterStep(euler), await afterStep(heun)];
  if (again) first.forEach((value, i) => expect(both[i]).not.toBe(value));
  else expect(both).toEqual(first);
});
