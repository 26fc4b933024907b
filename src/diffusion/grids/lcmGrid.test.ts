import { describe, expect, it } from 'vitest';
import { goldenSteps } from '../../../properties/golden/diffusers.js';
import { right } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import { scaledLinear } from '../schedules/betaSchedules.js';
import { atTimes } from './grid.js';
import { lcmGrid } from './lcmGrid.js';
import { ddpm } from '../paths/discreteNoising.js';

const noisingOf = (T: number) => right(ddpm(scaledLinear(T)));

describe('the grid of LCM', () => {
  // k·(1…original) - 1 backwards at np.floor(np.linspace(0, original, steps, endpoint=False)), in NumPy
  it.each([
    [1000, 1, 50, [999]],
    [1000, 2, 50, [999, 499]],
    [1000, 4, 50, [999, 759, 499, 259]],
    [1000, 6, 50, [999, 839, 679, 499, 339, 179]],
    [1000, 8, 50, [999, 879, 759, 639, 499, 379, 259, 139]],
    [1000, 7, 100, [999, 859, 719, 579, 429, 289, 149]],
    [1000, 3, 30, [989, 659, 329]],
    [999, 4, 50, [949, 721, 474, 246]],
  ])('T = %i, steps = %i, original = %i', (T, steps, original, expected) => {
    expect(right(lcmGrid(steps, { original })(noisingOf(T)))).toEqual(expected);
  });

  it('agrees with the published scheduler', () => {
    expect(right(lcmGrid(4)(noisingOf(1000)))).toEqual(goldenSteps('lcm').timesteps);
  });

  it('is a valid grid for every number of steps', () => {
    const noising = noisingOf(1000);
    for (let steps = 1; steps <= 50; steps++) {
      const timesteps = right(lcmGrid(steps)(noising));
      expect(timesteps).toHaveLength(steps);
      expect(right(atTimes(timesteps)(noising))).toEqual(timesteps);
    }
  });

  it('refuses steps > original and original > T', () => {
    for (const [steps, original, T] of [
      [51, 50, 1000],
      [0, 50, 1000],
      [1.5, 50, 1000],
      [NaN, 50, 1000],
      [4, 50, 49],
      [4, 0, 1000],
      [4, 10.5, 1000],
    ] as const) {
      const result = lcmGrid(steps, { original })(noisingOf(T));
      expect(E.isLeft(result) && result.left.message).toContain(
        `lcmGrid: expected whole numbers steps ≤ original ≤ ${T}`,
      );
    }
  });
});
