import { describe, expect, it } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import { betaGrid, betaSigmaGrid, cosine, ddpm, edm, type Grid, gridOf, linear, rectifiedFlow } from '../index.js';

/** Quantiles of the beta distribution with α = β = 0.6 at 0.9, 0.8, …, 0.1: scipy.stats.beta.ppf. */
const QUANTILES = [
  0.9604155944112192, 0.8770782495416671, 0.7659829961247643, 0.6372990092467856, 0.5, 0.3627009907532143,
  0.23401700387523572, 0.12292175045833292, 0.03958440558878085,
];

const near = (actual: readonly number[], expected: readonly number[], tolerance = 1e-12): void => {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => expect(Math.abs(value / expected[i]! - 1)).toBeLessThan(tolerance));
};

describe('grids of a beta distribution', () => {
  it('betaGrid has its quantiles, and those of ComfyUI as timesteps', () => {
    near(right(gridOf(betaGrid(10))(rectifiedFlow())), [1, ...QUANTILES]);
    const noising = right(ddpm(linear(1000)));
    // numpy.rint(ppf(1 - linspace(0, 1, n, endpoint=False), 0.6, 0.6) * (T - 1))
    expect(right(betaGrid(10)(noising))).toEqual([999, 959, 876, 765, 637, 500, 362, 234, 123, 40]);
  });

  it('betaGrid has each timestep once', () => {
    const noising = right(ddpm(cosine(50)));
    const timesteps = right(gridOf(betaGrid(50))(noising));
    expect(timesteps.length).toBeLessThan(50);
    expect(new Set(timesteps).size).toBe(timesteps.length);
    expect([timesteps[0], timesteps.at(-1)]).toEqual([49, 0]);
  });

  it('betaSigmaGrid is use_beta_sigmas', () => {
    const [min, max] = [0.03, 15];
    const expected = [1, ...QUANTILES, 0].map((q) => min + q * (max - min));
    near(right(gridOf(betaSigmaGrid(11, { min, max }))(edm())), expected);
    const noising = right(ddpm(linear(1000)));
    expect(right(betaSigmaGrid(2)(noising))).toEqual([999, 0]);
    near(right(betaSigmaGrid(3, { alpha: 1, beta: 1 })(edm())), [80, 40.001, 0.002]);
  });

  it.each<readonly [Grid, string]>([
    [betaGrid(5), 'betaGrid: expected a continuous path over [0, 1], got a path of σ, which has no end; take betaSigmaGrid(25)'],
    [betaGrid(0), 'betaGrid: expected'],
    [betaGrid(5, { alpha: 0 }), 'betaGrid.alpha: expected a number above 0 and up to 100, got 0'],
    [betaSigmaGrid(5, { beta: 101 }), 'betaSigmaGrid.beta: expected a number above 0 and up to 100, got 101'],
    [betaSigmaGrid(5, { min: 3, max: 1 }), 'atSigmas: expected falling noise levels'],
    [betaSigmaGrid(2.5), 'betaSigmaGrid: expected'],
  ])('%# is a ConfigError', (grid, message) => {
    const result = grid(edm());
    expect(E.isLeft(result) && result.left.message).toContain(message);
  }); // oxfmt-ignore
});
