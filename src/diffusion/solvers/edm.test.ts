import { describe, expect, it } from 'vitest';
import { gaussianData } from '../../../properties/diffusion/gaussianData.js';
import { right } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { euler, heun } from './edm.js';
import { ddpm } from '../process/process.js';
import { sampler } from '../sampling/sampler.js';

describe.each([
  ['euler', euler],
  ['heun', heun],
])('churn, %s,', (name, solver) => {
  const process = right(ddpm(cosine(100)));
  const made = (churn: number, sMin = 0) =>
    sampler({ process, denoiser: gaussianData(process), grid: 100, solver: solver({ churn, sMin }) });

  it('is refused if all steps together reach no other noise level of the process', () => {
    // 0.001 of levels that are at least 0.03 apart in ln σ
    const lost = made(0.001);
    expect(E.isLeft(lost) && lost.left.message).toContain(`${name}: expected a churn that raises x_t`);
  });

  it('draws noise if it reaches a level, and not if there is no level to reach', () => {
    for (const [churn, sMin, draws] of [
      [40, 0, true],
      // 0.01 a step; several together reach a level
      [1, 0, true],
      [0, 0, false],
      [1, 1e300, false],
    ] as const)
      expect(right(made(churn, sMin)).stochastic).toBe(draws);
  });
});
