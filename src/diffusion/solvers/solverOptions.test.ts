import { describe, expect, it } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import {
  ancestral,
  consistency,
  cosine,
  ddim,
  ddimInversion,
  ddpm,
  deis,
  dpmSolver,
  dpmSolverPP,
  dpmSolverPP2SAncestral,
  dpmSolverPPSde,
  dpmSolverPPSdeSinglestep,
  dpmSolverPPSinglestep,
  euler,
  eulerAncestral,
  heun,
  kdpm2,
  kdpm2Ancestral,
  levelsOf,
  lms,
  pndm,
  saSolver,
  type Solver,
  tcd,
  uniPC,
} from '../index.js';

const noising = right(ddpm(cosine(1000)));
const levels = levelsOf(noising, [999, 500, 0]);

const solvers = {
  ancestral,
  consistency,
  ddim,
  ddimInversion,
  deis,
  dpmSolver,
  dpmSolverPP,
  dpmSolverPP2SAncestral,
  dpmSolverPPSde,
  dpmSolverPPSdeSinglestep,
  dpmSolverPPSinglestep,
  euler,
  eulerAncestral,
  heun,
  kdpm2,
  kdpm2Ancestral,
  lms,
  pndm,
  saSolver,
  tcd,
  uniPC,
};
/** Passes any value as options, as JavaScript can. */
const made = (name: keyof typeof solvers, options: unknown) =>
  (solvers[name] as (options: unknown) => Solver)(options).plan(levels, noising);

describe('options of a solver', () => {
  it.each<[keyof typeof solvers, unknown, where: string, expected: string, actual: string]>([
    ['dpmSolverPP', { order: 4 }, 'dpmSolverPP.order', 'a whole order from 1 to 3', '4'],
    ['dpmSolverPPSinglestep', { order: 0 }, 'dpmSolverPPSinglestep.order', 'a whole order from 1 to 3', '0'],
    ['dpmSolverPPSde', { order: 4 }, 'dpmSolverPPSde.order', 'a whole order from 1 to 3', '4'],
    ['uniPC', { order: 1.5 }, 'uniPC.order', 'a whole order from 1 to 3', '1.5'],
    ['uniPC', { variant: 'bh3' }, 'uniPC.variant', "'bh1', 'bh2' or 'exact'", '"bh3"'],
    ['pndm', { order: 5 }, 'pndm.order', 'a whole order from 1 to 4', '5'],
    ['pndm', { start: 'rk' }, 'pndm.start', "'fewer', 'heun' or 'rungeKutta'", '"rk"'],
    ['lms', { order: NaN }, 'lms.order', 'a whole order from 1 to 4', 'NaN'],
    ['lms', { order: '2' }, 'lms.order', 'a whole order from 1 to 4', '"2"'],
    ['ancestral', { variance: 'fixed' }, 'ancestral.variance', "'posterior' or 'beta'", '"fixed"'],
    ['ddim', { eta: -1 }, 'ddim.eta', 'η from 0 to 1', '-1'],
    ['ddim', { keepEpsilon: 1 }, 'ddim.keepEpsilon', 'boolean', '1'],
    ['eulerAncestral', { eta: -1 }, 'eulerAncestral.eta', 'η ≥ 0', '-1'],
    ['kdpm2Ancestral', { eta: -1 }, 'kdpm2Ancestral.eta', 'η ≥ 0', '-1'],
    ['heun', { churn: -1 }, 'heun.churn', 'a finite number ≥ 0', '-1'],
    ['euler', { sNoise: NaN }, 'euler.sNoise', 'a finite number ≥ 0', 'NaN'],
    ['euler', { sMin: 2, sMax: 1 }, 'euler.sMin', 'sMin ≤ sMax', 'sMin 2, sMax 1'],
    ['ddimInversion', { eta: 1 }, 'ddimInversion.eta', 'no fields', 'an unknown field'],
    ['kdpm2', { sMin: 2, sMax: 1 }, 'kdpm2.sMin', 'sMin ≤ sMax', 'sMin 2, sMax 1'],
    ['kdpm2Ancestral', { sNoise: -1 }, 'kdpm2Ancestral.sNoise', 'a finite number ≥ 0', '-1'],
    ['dpmSolver', { order: 4 }, 'dpmSolver.order', 'a whole order from 1 to 3', '4'],
    [
      'dpmSolver',
      { steps: 'multistep' },
      'dpmSolver.steps',
      'one of the fields order, maxSigmaRatio',
      'an unknown field',
    ],
    ['dpmSolver', { maxSigmaRatio: 0.5 }, 'dpmSolver.maxSigmaRatio', 'a number ≥ 1, or Infinity', '0.5'],
    ['dpmSolverPP', { maxSigmaRatio: 9 }, 'dpmSolverPP.maxSigmaRatio', "space: 'epsilon' beside it", "space: 'x0'"],
    ['dpmSolverPPSinglestep', { space: 'v' }, 'dpmSolverPPSinglestep.space', "'x0' or 'epsilon'", '"v"'],
    ['uniPC', { maxSigmaRatio: Infinity }, 'uniPC.maxSigmaRatio', "space: 'epsilon' beside it", "space: 'x0'"],
    ['pndm', { maxSigmaRatio: 9 }, 'pndm.maxSigmaRatio', "start: 'heun' or 'rungeKutta' beside it", "start: 'fewer'"],
    ['dpmSolverPP', { rule: 'taylor' }, 'dpmSolverPP.rule', "'midpoint' or 'heun'", '"taylor"'],
    ['dpmSolverPP', { phi3: 1 }, 'dpmSolverPP.phi3', "'exact' or 'half'", '1'],
    ['heun', { maxSigmaRatio: NaN }, 'heun.maxSigmaRatio', 'a number ≥ 1, or Infinity', 'NaN'],
    ['eulerAncestral', { sNoise: -1 }, 'eulerAncestral.sNoise', 'a finite number ≥ 0', '-1'],
    ['dpmSolverPPSdeSinglestep', { r: 2 }, 'dpmSolverPPSdeSinglestep.r', 'a place above 0 and up to 1', '2'],
    ['dpmSolverPP2SAncestral', { eta: -1 }, 'dpmSolverPP2SAncestral.eta', 'η ≥ 0', '-1'],
    ['deis', { order: 5 }, 'deis.order', 'a whole order from 1 to 4', '5'],
    ['saSolver', { tau: -1 }, 'saSolver.tau', 'τ ≥ 0, or a function of σ', '-1'],
    ['saSolver', { corrector: 1 }, 'saSolver.corrector', '0, 2, 3 or 4', '1'],
    ['tcd', { gamma: 2 }, 'tcd.gamma', 'γ from 0 to 1', '2'],
    ['uniPC', { disableCorrector: 0 }, 'uniPC.disableCorrector', 'an array of indices of steps', '0'],
    ['saSolver', { disableCorrector: [-1] }, 'saSolver.disableCorrector.0', 'an integer ≥ 0', '-1'],
    ['saSolver', { correctsEnd: 1 }, 'saSolver.correctsEnd', 'boolean', '1'],
    [
      'dpmSolverPPSde',
      { maxSigmaRatio: 9 },
      'dpmSolverPPSde.maxSigmaRatio',
      "space: 'epsilon' beside it",
      "space: 'x0'",
    ],
    ['dpmSolverPPSinglestep', { eta: -1 }, 'dpmSolverPPSinglestep.eta', 'η ≥ 0', '-1'],
    ['uniPC', { corrector: 0 }, 'uniPC.corrector', 'boolean', '0'],
    ['consistency', { sigmaMin: -1 }, 'consistency.sigmaMin', 'a finite number ≥ 0', '-1'],
  ])('%s(%j) is a ConfigError', (name, options, where, expected, actual) =>
    expect(made(name, options)).toMatchObject({
      left: { _tag: 'ConfigError', where, expected, actual },
    }),
  );

  it.each(Object.keys(solvers) as (keyof typeof solvers)[])('%s names levels whose noise rises', (name) => {
    const rising = [999, 0, 500].map((time) => levelsOf(noising, [time])[0]!);
    expect(solvers[name]().plan(rising, noising)).toMatchObject({
      left: {
        _tag: 'ConfigError',
        where: `${name}: levels`,
        expected: 'levels whose σ/α falls, from noise to the data',
        actual: expect.stringMatching(/^σ\/α = 0\.00\d+ at t = 0, then 1\.0\d+ at t = 500$/),
        hint: expect.stringContaining('ddimInversion()'),
      },
    });
  });

  it.each(Object.keys(solvers) as (keyof typeof solvers)[])(
    '%s refuses unknown options, and takes no options',
    (name) => {
      for (const options of [{ etaa: 1 }, null, 3])
        expect(made(name, options)).toMatchObject({ left: { _tag: 'ConfigError' } });
      for (const options of [undefined, {}]) expect(made(name, options)).toMatchObject({ _tag: 'Right' });
    },
  );
});
