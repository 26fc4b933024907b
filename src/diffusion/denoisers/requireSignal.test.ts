import { describe, expect, it } from 'vitest';
import { outcomeOf, right } from '../../../properties/diffusion/run.js';
import { wasm } from '../../backends/wasm/backend.js';
import { foldIn, iota, mul, ones, scalar, type Shape, tanh, type Tensor } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { exponential } from '../schedules/alphaBarSchedules.js';
import { ancestral } from '../solvers/ancestral.js';
import { constantBetas } from '../schedules/betaSchedules.js';
import { boundLosses } from '../losses/boundLoss.js';
import { consistencyDenoiser } from '../solvers/consistency.js';
import { uncorrected } from '../guidance/x0Correction.js';
import { ddim } from '../solvers/ddim.js';
import { type Denoiser } from './denoiser.js';
import { reparameterize } from './overNoising.js';
import { dpmSolverPP } from '../solvers/exponential/dpmSolverPP.js';
import { euler, heun } from '../solvers/edm.js';
import { likelihood } from '../likelihood/odeLikelihood.js';
import { lms } from '../solvers/lms.js';
import { simpleLosses } from '../losses/loss.js';
import { pndm } from '../solvers/pndm.js';
import { respace } from '../grids/respacing.js';
import { pMeanVariance } from '../likelihood/reverse.js';
import { sampler } from '../sampling/sampler.js';
import { scheduleFromBetas } from '../schedules/schedule.js';
import type { Solver } from '../solvers/plan.js';
import { uniPC } from '../solvers/exponential/uniPC.js';
import { ddpm, type DiscreteNoising } from '../paths/discreteNoising.js';

const erased = right(ddpm(scheduleFromBetas([0.1, 0.5, 1])));
const denoiserOf = (predicts: Denoiser<null, []>['predicts']): Denoiser<null, []> => ({
  predicts,
  apply: (_, x) => mul(tanh(x), 0.5),
});

describe.each(['epsilon', 'score'] as const)('without signal, a prediction of %s', (predicts) => {
  const denoiser = denoiserOf(predicts);
  const uses: Readonly<Record<string, (noising: DiscreteNoising) => Tensor<Shape>>> = {
    reparameterize: (noising) => reparameterize(noising, 'x0')(denoiser).apply(null, ones(3), { t: iota(3) }),
    pMeanVariance: (noising) => pMeanVariance(noising, denoiser)(null, ones(3), { t: iota(3) }).mean,
  };

  it.each(Object.entries(uses))('is an error while a program is traced: %s', async (_, use) => {
    const failed = await outcomeOf(() => use(erased))();
    expect(E.isLeft(failed) && failed.left.message).toContain('none at t = 2');
  });

  it('is refused by what takes the denoiser, before a program is traced', () => {
    expect(() => simpleLosses(erased, denoiser)).toThrow('none at t = 2');
    expect(() => consistencyDenoiser(erased)(denoiser)).toThrow('none at t = 2');
    expect(consistencyDenoiser(erased)(denoiserOf('v')).predicts).toBe('x0');
  });

  it.each([simpleLosses, boundLosses])('cannot be trained: %o', async (losses) => {
    const failed = await outcomeOf((drawn) => losses(erased, denoiser)(null, { x0: ones(3), key: drawn }).losses)();
    expect(E.isLeft(failed) && failed.left.message).toContain('none at t = 2');
    expect(
      E.isRight(
        await outcomeOf((drawn) => losses(erased, denoiserOf('v'))(null, { x0: ones(3), key: drawn }).losses)(),
      ),
    ).toBe(true);
  });

  it('has a likelihood only on a grid with signal', () => {
    const result = likelihood({ noising: erased, denoiser });
    expect(E.isLeft(result) && result.left.message).toContain('none at t = 2');
    expect(E.isRight(likelihood({ noising: erased, denoiser, grid: () => E.right([1, 0]) }))).toBe(true);
  });

  it('samples on a grid with signal', async () => {
    const result = right(sampler({ noising: erased, denoiser, grid: () => E.right([1, 0]), solver: ddim() }));
    const step = () => result.step(null, result.start(ones(2)), { index: scalar(0, 'int32') }).state.x;
    expect(right(await outcomeOf(step)()).every(Number.isFinite)).toBe(true);
  });
});

/** √ᾱ of the last timestep is far below the smallest float32. */
const vanishing: Readonly<Record<string, DiscreteNoising>> = {
  'constantBetas(1000, 0.5)': right(ddpm(constantBetas(1000, 0.5))),
  'exponential(1000, { rate: 200 })': right(ddpm(exponential(1000, { rate: 200 }))),
};
const solvers: Readonly<Record<string, Solver>> = {
  ancestral: ancestral(),
  ddim: ddim(),
  dpmSolverPP: dpmSolverPP({ order: 3 }),
  uniPC: uniPC({ order: 3 }),
  euler: euler(),
  heun: heun(),
  lms: lms(),
  pndm: pndm(),
  'pndm that begins by Runge-Kutta': pndm({ start: 'rungeKutta' }),
};

describe.each(Object.entries(vanishing))('a signal that float32 does not see, of %s,', (_, noising) => {
  it('counts as no signal for a prediction of ε', () => {
    const result = sampler({ noising, denoiser: denoiserOf('epsilon'), solver: ddim() });
    expect(E.isLeft(result) && result.left.message).toContain('none at t = 999');
  });

  it.each(Object.entries(solvers))('lets v and x₀ be sampled: %s', async (_name, solver) => {
    for (const predicts of ['v', 'x0'] as const) {
      const parts = { noising, denoiser: denoiserOf(predicts), grid: 12, solver };
      const result = right(sampler({ ...parts, correction: uncorrected }));
      const samples = await outcomeOf((drawn) => {
        let state = result.start(ones(2));
        for (let i = 0; i < result.steps; i++)
          state = result.step(null, state, { index: scalar(i, 'int32'), key: foldIn(drawn, i) }).state;
        return state.x;
      }, wasm())();
      expect(right(samples).every(Number.isFinite)).toBe(true);
    }
  });

  it('is kept by respacing: the marginals on a grid equal those of the process', () => {
    const short = right(respace(10)(noising));
    const kept = Array.from(short.timesteps, (t) => noising.marginals[t]);
    expect(short.marginals).toEqual(kept);
  });
});
