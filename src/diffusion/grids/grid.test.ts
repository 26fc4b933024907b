import { describe, expect, it } from 'vitest';
import type { NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { everyStep, type Grid, gridOf, leading, linspace, spaced, atTimes, trailing } from './grid.js';
import { linear } from '../schedules/betaSchedules.js';
import { rectifiedFlow } from '../paths/continuousNoising.js';
import { noisingOf } from '../paths/discreteNoising.js';

const right = <A>(either: either.Either<NoisefoldError, A>): A => {
  if (E.isLeft(either)) throw new Error(either.left.message);
  return either.right;
};
const noising = noisingOf(right(linear(1000)));
const timesteps = (grid: Grid): readonly number[] => right(grid(noising));

describe('time grids fall from noise to data', () => {
  it('everyStep visits every timestep', () => {
    expect(timesteps(everyStep)).toEqual(Array.from({ length: 1000 }, (_, i) => 999 - i));
  });

  it('spaced includes both ends, and rounds like guided-diffusion', () => {
    expect(timesteps(spaced(3))).toEqual([999, 500, 0]);
    expect(timesteps(spaced(5))).toEqual([999, 749, 500, 250, 0]);
    expect(timesteps(spaced(1))).toEqual([999]);
    expect(timesteps(spaced(21))).toEqual([
      999, 949, 899, 849, 799, 749, 699, 649, 599, 549, 499, 450, 400, 350, 300, 250, 200, 150, 100, 50, 0,
    ]);
    expect(timesteps(spaced(1000))).toEqual(timesteps(everyStep));
  });

  it('leading and trailing agree with diffusers', () => {
    expect(timesteps(leading(5))).toEqual([800, 600, 400, 200, 0]);
    expect(timesteps(leading(3))).toEqual([666, 333, 0]);
    expect(timesteps(trailing(5))).toEqual([999, 799, 599, 399, 199]);
    expect(timesteps(trailing(3))).toEqual([999, 666, 332]);
    // cases with halves, rounded like NumPy
    expect(timesteps(trailing(48)).slice(36, 42)).toEqual([249, 228, 207, 186, 166, 145]);
    expect(timesteps(linspace(3))).toEqual([999, 500, 0]);
    expect(timesteps(linspace(7))).toEqual([999, 832, 666, 500, 333, 166, 0]);
  });

  it('trailing, rounded down, is the grid of DDIM in denoising-diffusion-pytorch', () => {
    // linspace(-1, T - 1, steps + 1), truncated toward 0
    for (const steps of [1, 2, 3, 7, 48, 250, 300, 999, 1000]) {
      const ends = Array.from({ length: steps + 1 }, (_, i) => Math.trunc(-1 + (i * 1000) / steps));
      expect(timesteps(trailing(steps, { rounding: 'down' }))).toEqual(ends.slice(1).reverse());
    }
    expect(timesteps(trailing(3, { rounding: 'down' }))).toEqual([999, 665, 332]);
    const result = trailing(3, { rounding: 'up' as never })(noising);
    expect(E.isLeft(result) && result.left.message).toContain(
      "trailing.rounding: expected 'nearest' or 'down', got \"up\"",
    );
  });

  it('no timestep occurs twice', () => {
    for (const steps of [1, 2, 7, 50, 250, 999, 1000])
      for (const grid of [spaced, linspace, leading, trailing]) {
        const chosen = timesteps(grid(steps));
        expect(chosen).toHaveLength(steps);
        expect(right(atTimes(chosen)(noising))).toEqual(chosen);
      }
  });

  it('refuse more steps than the process has', () => {
    for (const grid of [spaced, linspace, leading, trailing])
      for (const steps of [0, 1001, 2.5, NaN]) expect(E.isLeft(grid(steps)(noising))).toBe(true);
  });

  it('atTimes refuses timesteps that do not fall or are out of range', () => {
    for (const bad of [[], [3, 3], [1, 2], [1000], [999.5], [-1], [NaN]])
      expect(E.isLeft(atTimes(bad)(noising))).toBe(true);
  });

  it('atTimes refuses a time that is beyond the end by more than rounding', () => {
    expect(E.isLeft(atTimes([1 + 1e-9])(rectifiedFlow()))).toBe(true);
    expect(right(atTimes([1 + 1e-14])(rectifiedFlow()))).toEqual([1]);
  });

  it('atTimes takes times that rounding moved beyond an end', () => {
    // the times t of DPM-Solver, as timesteps 1000·t - 1
    const roots = Array.from({ length: 7 }, (_, i) => 1 + (i / 6) * (Math.sqrt(1e-3) - 1));
    const times = roots.map((root) => 1000 * root ** 2 - 1);
    expect(times.at(-1)).toBeLessThan(0);
    expect(timesteps(atTimes(times))).toEqual([...times.slice(0, -1), 0]);
    expect(timesteps(atTimes([999 + 1e-13, 500]))).toEqual([999, 500]);
    expect(right(atTimes([1 + 2e-16, 0.5])(rectifiedFlow()))).toEqual([1, 0.5]);
    expect(E.isLeft(atTimes([1, 1 - 2e-16])(rectifiedFlow()))).toBe(true);
    expect(E.isLeft(atTimes([1, 1e-320, 0])(rectifiedFlow()))).toBe(true);
  });

  it('leading takes an offset, within the process', () => {
    expect(timesteps(leading(5, { offset: 1 }))).toEqual([801, 601, 401, 201, 1]);
    for (const offset of [-1, 200, 0.5, NaN]) expect(E.isLeft(leading(5, { offset })(noising))).toBe(true);
  });

  it('linspace and leading leave out the last timestep with endpoint: false', () => {
    // by hand: np.linspace(0, 999, 5) without 0, and multiples of 1000 // 5 without 0
    expect(timesteps(linspace(4, { endpoint: false }))).toEqual([999, 749, 500, 250]);
    expect(timesteps(linspace(1, { endpoint: false }))).toEqual([999]);
    expect(timesteps(leading(4, { endpoint: false }))).toEqual([800, 600, 400, 200]);
    expect(timesteps(leading(4, { endpoint: false, offset: 1 }))).toEqual([801, 601, 401, 201]);
    for (const grid of [linspace, leading]) {
      expect(timesteps(grid(999, { endpoint: false }))).toEqual(timesteps(everyStep).slice(0, -1));
      const result = grid(1000, { endpoint: false })(noising);
      expect(E.isLeft(result) && result.left.message).toContain('from 1 to 999, got 1000');
    }
  });

  it('a number of steps is trailing', () => {
    // T·(1 - i/steps) - 1, rounded
    expect(timesteps(gridOf(4))).toEqual([999, 749, 499, 249]);
    expect(timesteps(gridOf(3))).toEqual([999, 666, 332]);
    expect(timesteps(gridOf(1))).toEqual([999]);
    expect(timesteps(gridOf(1000))).toEqual(timesteps(everyStep));
  });

  it('gridOf checks the timesteps of a custom grid', () => {
    expect(timesteps(gridOf(() => E.right([7.5, 3])))).toEqual([7.5, 3]);
    for (const bad of [[], [3, 7], [1000, 0], [999.5], [NaN]])
      expect(E.isLeft(gridOf(() => E.right(bad))(noising))).toBe(true);
  });
});
