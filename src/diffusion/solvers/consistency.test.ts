import { describe, expect, it } from 'vitest';
import { numbersOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import { constantOf, fullLike, scalar } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { consistency } from './consistency.js';
import { uncorrected } from '../guidance/x0Correction.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import type { Noise } from '../sampling/noise.js';
import { sampler } from '../sampling/sampler.js';
import { atTimes, type Grid } from '../grids/grid.js';
import { noisingOfSigmas } from '../grids/sigmaNoising.js';

const EPSILON = 0.002;
const sigmas = [EPSILON, 0.3, 2, 80];
const noising = right(noisingOfSigmas(sigmas));

/** x̂₀ is 0.25 at each evaluation. */
const constant: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => fullLike(x, 0.25) };
const parts = { noising, denoiser: constant, correction: uncorrected } as const;
const one: Noise = (x) => () => fullLike(x, 1);

/** x_t of each step in the coordinates of the paper, x_t/√ᾱ_t, where each draws z = 1. */
const walked = async (sigmaMin?: number): Promise<readonly number[]> => {
  const solver = consistency(sigmaMin === undefined ? {} : { sigmaMin });
  const { step, start, steps } = right(sampler({ ...parts, solver, noise: one }));
  const list: number[] = [];
  for (let i = 0; i < steps; i++) {
    const [x] = await numbersOf(
      (key) => step(null, start(constantOf([7], 1)), { index: scalar(i, 'int32'), key }).state.x,
    );
    list.push(x! / (noising.marginals[2 - i]?.alpha ?? 1));
  }
  return list;
};

describe('sampling from a consistency model', () => {
  it('adds noise √(τ² - ε²): Song et al. 2023, Algorithm 1', async () => {
    const expected = [2, 0.3, EPSILON].map((tau) => 0.25 + Math.sqrt(tau ** 2 - EPSILON ** 2));
    expect(relativeDistance(await walked(EPSILON), [...expected, 0.25])).toBeLessThan(1e-8);
  });

  it('adds noise τ for LCM: Luo et al. 2023, Algorithm 3', async () => {
    const expected = [2, 0.3, EPSILON].map((tau) => 0.25 + tau);
    for (const sigmaMin of [undefined, 0])
      expect(relativeDistance(await walked(sigmaMin), [...expected, 0.25])).toBeLessThan(1e-12);
  });

  it('takes an ε that is the σ of a level up to float32, and any for one jump, which reaches no level', () => {
    const isAccepted = (sigmaMin: number, grid?: Grid): boolean =>
      E.isRight(sampler({ ...parts, ...(grid && { grid }), solver: consistency({ sigmaMin }) }));
    expect([1e-9, 1e-6].map((more) => isAccepted(EPSILON * (1 + more)))).toEqual([true, false]);
    expect(isAccepted(1, atTimes([1]))).toBe(true);
    expect(isAccepted(1, atTimes([2, 1]))).toBe(false);
  });

  it('refuses an ε above the noise of a level that it visits', () => {
    const result = sampler({ ...parts, solver: consistency({ sigmaMin: 0.01 }) });
    expect(E.isLeft(result) && result.left).toMatchObject({
      _tag: 'ConfigError',
      where: 'consistency.sigmaMin',
      expected: expect.stringMatching(/^at most 0\.00(2|19{9}).*, the σ at t = 0$/),
      actual: '0.01',
    });
  });
});
