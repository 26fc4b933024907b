import { describe, expect, it } from 'vitest';
import { gaussianData } from '../../../properties/diffusion/gaussianData.js';
import { right } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import { sampler } from '../sampling/sampler.js';
import { cosine } from '../levels/alphaBarSchedules.js';
import { type Level, pairsOf } from '../levels/level.js';
import { type Solver, type Stage, solverOf } from './plan.js';
import { flowStep } from './steps.js';
import { ddpm } from '../levels/discreteNoising.js';

const noising = right(ddpm(cosine(100)));

/** The error of a solver that breaks its type, as JavaScript may. */
const messageOf = (solver: unknown): string => {
  const made = sampler({ noising, denoiser: gaussianData(noising), grid: 4, solver: solver as Solver });
  return E.isLeft(made) ? made.left.message : 'no error';
};
const withStages = (stages: (from: Level, to: Level) => unknown) => solverOf(stages as Parameters<typeof solverOf>[0]);

describe('a plan of a solver', () => {
  it('is accepted if it has the fields of its type', () => {
    expect(messageOf(withStages((from, to) => [{ at: from, ...flowStep(from, to) } satisfies Stage]))).toBe('no error');
  });

  it.each([
    [withStages((from) => [{ at: from, x: 1, xo: 1 }]), '.plan.0.stages.0.xo: expected one of the fields', 'see Stage'],
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
    [withStages((from) => [{ at: from, x: 1, memory: [0.5] }]), 'expected factors of what earlier stages remember'],
    [{ plan: () => undefined }, '.plan: expected an Either of an array of steps, got nothing'],
    [{ plan: (levels: readonly Level[]) => pairsOf(levels) }, '.plan: expected an Either of an array of steps'],
    [{ plan: () => E.right([]) }, '.plan: expected an array of one step or more, got an array of 0'],
  ])('is refused otherwise (%#)', (solver, ...texts) => {
    const message = messageOf(solver);
    for (const text of texts) expect(message).toContain(text);
  });
});
