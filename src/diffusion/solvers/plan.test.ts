import { describe, expect, it } from 'vitest';
import { gaussianData } from '../../../properties/diffusion/gaussianData.js';
import { right } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import { sampler } from '../sampling/sampler.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { isData, type Level, pairsOf } from '../channels/level.js';
import { planning, type Solver, type Stage } from './plan.js';
import { ddpm } from '../paths/discreteNoising.js';
import { rectifiedFlow } from '../paths/continuousNoising.js';
import { lookupIn } from '../paths/discretePath.js';
import { pathOf } from '../paths/noising.js';
import { sigmaOf } from '../channels/channel.js';

const noising = right(ddpm(cosine(100)));

/** The error of a solver that breaks its type, as JavaScript may. */
const messageOf = (solver: unknown): string => {
  const result = sampler({ noising, denoiser: gaussianData(noising), grid: 4, solver: solver as Solver });
  return E.isLeft(result) ? result.left.message : 'no error';
};
const withStages = (stages: (from: Level, to: Level) => unknown): Solver =>
  planning((levels) =>
    pairsOf(levels).map(([from, to]) => ({ from, to, stages: stages(from, to) as readonly Stage[] })),
  );

describe('a plan of a solver', () => {
  it('is accepted if it has the fields of its type', () => {
    expect(messageOf(withStages((from) => [{ at: from, x: 0.5, x0: 0.5 } satisfies Stage]))).toBe('no error');
  });

  it('is accepted with levels of the path between and beyond those of the grid, however they round', () => {
    const { levelOfSigma } = pathOf(noising);
    const at = (sigma: number) => withStages(() => [{ at: levelOfSigma(sigma), x: 1 }]);
    for (const sigma of [1e-6, 0.3, 1, 1e3, 1e9]) expect(messageOf(at(sigma))).toBe('no error');
    const rounded = withStages((from) => [{ at: { ...from, alpha: from.alpha * (1 + 2 ** -50) }, x: 1 }]);
    expect(messageOf(rounded)).toBe('no error');
  });

  it('may say what a network gets at a level in place of its time', () => {
    const level = { ...pathOf(noising).levelOfSigma(1), networkTime: 7 };
    expect(messageOf(withStages(() => [{ at: level, x: 1 }]))).toBe('no error');
    expect(lookupIn([level, pathOf(noising).levelAt(5)], pathOf(noising).clock).clock.at({ ...level, t: 0 })).toBe(7);
  });

  it.each([
    [
      withStages((from) => [{ at: from, x: 1, xo: 1 }]),
      '.plan.0.stages.0.xo: expected one of the fields',
      'did you mean x0?',
    ],
    [withStages((from) => [{ at: from, x: 1, k: 1 }]), '.plan.0.stages.0.k: expected one of the fields', 'see Stage'],
    [withStages(() => undefined), '.plan.0.stages: expected an array of one stage or more, got nothing'],
    [withStages(() => []), '.plan.0.stages: expected an array of one stage or more, got an array of 0'],
    [
      withStages((from) => ({ at: from, x: 1 })),
      '.plan.0.stages: expected an array of one stage or more, got an object',
    ],
    [
      withStages(() => [{ x: 1 }]),
      '.plan.0.stages.0.at: expected a level { t, alpha, sigma } of finite numbers, got nothing',
    ],
    [
      withStages((from) => [{ at: { ...from, t: NaN }, x: 1 }]),
      '.plan.0.stages.0.at.t: expected a finite number, got NaN',
    ],
    [withStages((from) => [{ at: from, x: Infinity }]), '.plan.0.stages.0.x: expected a finite number, got Infinity'],
    [withStages((from) => [{ at: from, x: 1, memory: 0.5 }]), '.memory: expected an array of finite numbers, got 0.5'],
    [withStages((from) => [{ at: { ...from, t: 100 }, x: 1 }]), 'expected times from 0 to 99, got 100 in evaluation 0'],
    [
      withStages((from) => [{ at: { ...from, sigma: from.sigma * (1 + 1e-6) }, x: 1 }]),
      `expected α, σ, t = ${noising.marginals[99]!.alpha}, ${noising.marginals[99]!.sigma}, 99`,
      `, ${noising.marginals[99]!.sigma * (1 + 1e-6)}, 99 in evaluation 0; plan steps for its levels`,
    ],
    // the signal of a flow at the noise of the step
    [withStages((from) => [{ at: pathOf(rectifiedFlow()).levelOfSigma(sigmaOf(from)), x: 1 }]), 'expected α, σ, t = '],
    [withStages((from) => [{ at: { ...from, t: from.t - 1 }, x: 1 }]), 'expected α, σ, t = ', ', 98 in evaluation 0'],
    // a level of the noise with another time: that of the first timestep is clamped, that of others is not
    [
      withStages((from, to) => [
        { at: from, x: 1 },
        { at: { ...to, t: 3 }, x: 1 },
      ]),
      ', 3 in evaluation 1',
    ],
    [
      withStages((from, to) => [{ at: from, x: 1 }, ...(isData(to) ? [{ at: to, x: 1 }] : [])]),
      'expected evaluations of levels with noise, got one at the data, σ = 0, in evaluation',
      '; end a step to the data with x̂₀ of the level before: { at: from, x0: 1 }',
    ],
    [withStages((from) => [{ at: from, x: 1, memory: [0.5] }]), 'expected factors of what earlier stages remember'],
    [{ plan: () => undefined }, '.plan: expected an Either of an array of steps, got nothing'],
    [{ plan: (levels: readonly Level[]) => pairsOf(levels) }, '.plan: expected an Either of an array of steps'],
    [{ plan: () => E.right([]) }, '.plan: expected an array of one step or more, got an array of 0'],
  ])('is refused otherwise (%#)', (solver, ...texts) => {
    const message = messageOf(solver);
    for (const text of texts) expect(message).toContain(text);
  });
});
