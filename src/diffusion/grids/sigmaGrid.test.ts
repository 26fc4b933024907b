import { describe, expect, it } from 'vitest';
import type { NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { linear, reciprocalBetas } from '../schedules/betaSchedules.js';
import { type Grid, timestepGrid } from './grid.js';
import { sigmas } from '../schedules/noiseLevel.js';
import { processOf } from '../process/process.js';
import { atSigmas, exponentialGrid, exponentialSigmas, karrasGrid, karrasSigmas } from './sigmaGrid.js';

const right = <A>(either: either.Either<NoisefoldError, A>): A => {
  if (E.isLeft(either)) throw new Error(either.left.message);
  return either.right;
};
const message = (either: either.Either<NoisefoldError, unknown>): string =>
  E.isLeft(either) ? either.left.message : 'right';
const process = processOf(right(linear(1000)));
const timesteps = (grid: Grid): readonly number[] => right(grid(process));

describe('noise levels', () => {
  it('karrasSigmas are equal steps of σ^(1/7): EDM, eq. 5', () => {
    const made = Array.from(right(karrasSigmas(18, { min: 0.002, max: 80 })));
    const [top, bottom] = [80 ** (1 / 7), 0.002 ** (1 / 7)];
    made.forEach((sigma, i) => expect(sigma ** (1 / 7)).toBeCloseTo(((17 - i) * top + i * bottom) / 17, 12));
    expect(made).toHaveLength(18);
  });

  it('exponentialSigmas are the limit of karrasSigmas for ρ → ∞', () => {
    const range = { min: 0.01, max: 100 };
    const factors = Array.from(right(exponentialSigmas(5, range)));
    factors.forEach((sigma, i) => expect(sigma / 10 ** (2 - i)).toBeCloseTo(1, 12));
    const limit = right(karrasSigmas(5, { ...range, rho: 1e7 }));
    factors.forEach((sigma, i) => expect(limit[i]! / sigma).toBeCloseTo(1, 5));
  });

  it('one step is the greatest σ', () => {
    expect(right(karrasSigmas(1, { min: 0.002, max: 80 }))[0]).toBeCloseTo(80, 12);
    expect(right(exponentialSigmas(1, { min: 0.002, max: 80 }))[0]).toBeCloseTo(80, 12);
  });

  it('refuse an invalid range, number of steps and ρ', () => {
    for (const make of [karrasSigmas, exponentialSigmas]) {
      for (const range of [
        { min: 0, max: 1 },
        { min: 2, max: 1 },
        { min: 1, max: Infinity },
        { min: NaN, max: 1 },
      ])
        expect(message(make(5, range))).toContain('0 < min ≤ max < ∞');
      for (const steps of [0, 2.5, 1e15, NaN])
        expect(message(make(steps, { min: 1, max: 2 }))).toContain(`got ${steps};`);
    }
    for (const rho of [0, -7, NaN, Infinity])
      expect(message(karrasSigmas(5, { min: 1, max: 2, rho }))).toContain('rho > 0');
  });
});

describe('atSigmas', () => {
  const nearest = (sigma: number): number =>
    sigmas(process.schedule)
      .map((level) => Math.abs(Math.log(level / sigma)))
      .reduce((best, distance, t, all) => (distance < all[best]! ? t : best), 0);

  it('takes the nearest timesteps by ratio, like the quantization of k-diffusion', () => {
    const wanted = [150, 80, 12.3, 1, 0.4, 0.05];
    expect(timesteps(atSigmas(wanted))).toEqual(wanted.map(nearest));
    expect(timesteps(karrasGrid(18))).toEqual(
      Array.from(
        right(karrasSigmas(18, { min: sigmas(process.schedule)[0]!, max: sigmas(process.schedule)[999]! })),
        nearest,
      ),
    );
    expect(timesteps(exponentialGrid(5))).toEqual([999, 722, 302, 30, 0]); // by k-diffusion's formulas in NumPy
  });

  it('makes equal timesteps distinct, within the process', () => {
    expect(timesteps(atSigmas([0.012, 0.011, 0.0101]))).toEqual([2, 1, 0]);
    expect(timesteps(atSigmas([157.4, 157.3, 157.2]))).toEqual([999, 998, 997]);
    for (const steps of [1, 2, 100, 500, 1000])
      for (const grid of [karrasGrid(steps), exponentialGrid(steps)]) {
        const chosen = timesteps(grid);
        expect(chosen).toHaveLength(steps);
        expect(timesteps(timestepGrid(chosen))).toEqual(chosen);
      }
  });

  it('refuses σ that do not fall or are out of range, and more σ than timesteps', () => {
    for (const bad of [[], [1, 1], [1, 2], [1, 0], [-1], [NaN], [158, 1], [1, 0.009]])
      expect(message(atSigmas(bad)(process))).toContain(
        `falling noise levels within those of the process, ${sigmas(process.schedule)[999]} to ${sigmas(process.schedule)[0]}`,
      );
    expect(message(karrasGrid(5, { max: 1e9 })(process))).toContain('got [1000000000, ');
    expect(message(karrasGrid(1001)(process))).toContain('got 1001 of them');
    expect(message(karrasGrid(0)(process))).toContain('karrasSigmas');
  });

  it('needs a maximum at zero terminal SNR', () => {
    const ending = processOf(right(reciprocalBetas(100)));
    expect(message(karrasGrid(10)(ending))).toContain('{ max: 80 }');
    expect(message(exponentialGrid(10)(ending))).toContain('{ max: 80 }');
    expect(right(karrasGrid(3, { max: 80 })(ending))[0]).toBe(98);
    expect(right(atSigmas([Infinity, 1])(ending))[0]).toBe(99);
  });
});
