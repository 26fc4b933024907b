import { describe, expect, it } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import {
  alignYourSteps,
  ddpm,
  edm,
  exponentialGrid,
  type Grid,
  polyexponentialGrid,
  scaledLinear,
  vpGrid,
} from '../index.js';

/** The σ of a grid: the times of EDM's path. */
const sigmasOf = (grid: Grid): readonly number[] => right(grid(edm()));
const near = (actual: readonly number[], expected: readonly number[], tolerance = 1e-12): void => {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => expect(Math.abs(value / expected[i]! - 1)).toBeLessThan(tolerance));
};

describe('noise levels of published samplers', () => {
  it('polyexponentialGrid: get_sigmas_polyexponential', () => {
    const [n, min, max, rho] = [7, 0.03, 15, 0.6];
    const expected = Array.from({ length: n }, (_, i) =>
      Math.exp((1 - i / (n - 1)) ** rho * (Math.log(max) - Math.log(min)) + Math.log(min)),
    );
    near(sigmasOf(polyexponentialGrid(n, { min, max, rho })), expected);
    near(sigmasOf(polyexponentialGrid(9)), sigmasOf(exponentialGrid(9)));
  });

  it('vpGrid: get_sigmas_vp', () => {
    const n = 6;
    const expected = Array.from({ length: n }, (_, i) => {
      const t = 1 + (i / (n - 1)) * (1e-3 - 1);
      return Math.sqrt(Math.exp((19.9 * t ** 2) / 2 + 0.1 * t) - 1);
    });
    near(sigmasOf(vpGrid(n)), expected, 1e-11);
  });

  it('alignYourSteps has the published levels for ten steps, and ones even between them in ln σ for others', () => {
    near(sigmasOf(alignYourSteps(10, 'svd')), [700, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034]);
    const twenty = sigmasOf(alignYourSteps(20, 'sdxl'));
    near(twenty.slice(0, 3), [14.6146412293, Math.sqrt(14.6146412293 * 6.3184485287), 6.3184485287]);
    near([twenty.at(-1)!], [Math.sqrt(0.1114188177 * 0.0291671582)]);
    // on the schedule of Stable Diffusion they are fractional timesteps near the published 999, 850, 736, …, 24
    const noising = right(ddpm(scaledLinear(1000)));
    const times = right(alignYourSteps(10, 'sd1')(noising));
    [999, 850, 736, 645, 545, 455, 343, 233, 124, 24].forEach((t, i) =>
      expect(Math.abs(times[i]! - t)).toBeLessThan(1),
    );
  });

  it.each([
    [alignYourSteps(10, 'sd2' as never), "alignYourSteps: expected 'sd1', 'sdxl' or 'svd', got \"sd2\""],
    [polyexponentialGrid(5, { rho: 0 }), 'polyexponentialGrid.rho: expected a finite number above 0, got 0'],
    [polyexponentialGrid(5, { min: 3, max: 1 }), 'atSigmas: expected falling noise levels'],
    [vpGrid(0), 'vpGrid: expected'],
    [vpGrid(3, { epsilon: -1 }), 'vpGrid.epsilon: expected a finite number above 0, got -1'],
  ])('%# is a ConfigError', (grid, message) => {
    const result = grid(edm());
    expect(E.isLeft(result) && result.left.message).toContain(message);
  });
});
