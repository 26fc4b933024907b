import { describe, expect, it } from 'vitest';
import type { NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { linear, reciprocalBetas } from '../schedules/betaSchedules.js';
import { type Grid, gridOf, atTimes } from './grid.js';
import { halfLogSNR, sigmaOf } from '../channels/channel.js';
import { sigmaAt, sigmas } from '../schedules/noiseLevel.js';
import { atSigmas, exponentialGrid, exponentialSigmas, karrasGrid, karrasSigmas } from './sigmaGrid.js';
import { continuousLinear, edm, rectifiedFlow, trigonometric } from '../paths/continuousNoising.js';
import { levelsOf, type Noising } from '../paths/noising.js';
import { noisingOf } from '../paths/discreteNoising.js';

const right = <A>(either: either.Either<NoisefoldError, A>): A => {
  if (E.isLeft(either)) throw new Error(either.left.message);
  return either.right;
};
const message = (either: either.Either<NoisefoldError, unknown>): string =>
  E.isLeft(either) ? either.left.message : 'right';
const noising = noisingOf(right(linear(1000)));
const timesteps = (grid: Grid): readonly number[] => right(grid(noising));

describe('noise levels', () => {
  it('karrasSigmas are equal steps of σ^(1/7): EDM, eq. 5', () => {
    const result = Array.from(right(karrasSigmas(18, { min: 0.002, max: 80 })));
    const [top, bottom] = [80 ** (1 / 7), 0.002 ** (1 / 7)];
    result.forEach((sigma, i) => expect(sigma ** (1 / 7)).toBeCloseTo(((17 - i) * top + i * bottom) / 17, 12));
    expect(result).toHaveLength(18);
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
  const levels = sigmas(noising.schedule);
  /** The noise level of a fractional timestep. */
  const sigmaAtTimestep = sigmaAt(noising.schedule);

  it('gives whole timesteps for σ of timesteps that were computed in another order, up to the ends', () => {
    const falling = Array.from(levels, (sigma) => Math.exp(Math.log(sigma))).reverse();
    expect(falling.some((sigma, i) => sigma !== levels[999 - i])).toBe(true);
    expect(timesteps(atSigmas(falling))).toEqual(Array.from(levels, (_, t) => 999 - t));
  });

  it('takes the timesteps of σ, which may be fractional, like k-diffusion', () => {
    const some = [150, 80, 12.3, 1, 0.4, 0.05];
    timesteps(atSigmas(some)).forEach((t, i) =>
      expect(Math.abs(sigmaAtTimestep(t) / some[i]! - 1)).toBeLessThan(1e-14),
    );
    const karras = right(karrasSigmas(18, { min: levels[0]!, max: levels[999]! }));
    timesteps(karrasGrid(18)).forEach((t, i) =>
      expect(Math.abs(sigmaAtTimestep(t) / karras[i]! - 1)).toBeLessThan(1e-13),
    );
    // by k-diffusion's formulas in NumPy, rounded
    expect(timesteps(exponentialGrid(5)).map(Math.round)).toEqual([999, 722, 302, 30, 0]);
  });

  it('visits exactly these noise levels', () => {
    const falling = [80, 12.3, 1, 0.05];
    const visited = levelsOf(noising, timesteps(atSigmas(falling))).slice(0, -1);
    visited.forEach((level, i) => expect(Math.abs(sigmaOf(level) / falling[i]! - 1)).toBeLessThan(1e-13));
    expect(timesteps(atSigmas([levels[700]!, levels[3]!]))).toEqual([700, 3]);
  });

  it('gives grids of any number of steps', () => {
    for (const steps of [1, 2, 100, 500, 1000, 1500])
      for (const grid of [karrasGrid(steps), exponentialGrid(steps)]) {
        const chosen = timesteps(grid);
        expect(chosen).toHaveLength(steps);
        expect(timesteps(atTimes(chosen))).toEqual(chosen);
      }
  });

  it('refuses σ that do not fall or are out of range', () => {
    for (const bad of [[], [1, 1], [1, 2], [1, 0], [-1], [NaN], [158, 1], [1, 0.009]])
      expect(message(atSigmas(bad)(noising))).toContain(
        `falling noise levels within those of the process, ${levels[999]} to ${levels[0]}`,
      );
    expect(message(karrasGrid(5, { max: 1e9 })(noising))).toContain('got [1000000000, ');
    expect(message(karrasGrid(0)(noising))).toContain('karrasSigmas');
  });

  it('takes the σ of the end of a continuous path that was computed in another order', () => {
    const path = continuousLinear();
    const most = sigmaOf(path.levelAt(1));
    const another = Math.exp(-halfLogSNR(path.levelAt(1)));
    expect(another).toBeGreaterThan(most);
    expect(right(atSigmas([another, 1])(path))[0]).toBeCloseTo(1, 14);
    expect(message(atSigmas([most * (1 + 1e-9), 1])(path))).toContain('the end of the path');
  });

  it('needs a maximum at zero terminal SNR, with signal', () => {
    const ending = noisingOf(right(reciprocalBetas(100)));
    expect(message(karrasGrid(10)(ending))).toContain('{ max: 80 }');
    expect(message(exponentialGrid(10)(ending))).toContain('{ max: 80 }');
    const greatest = ending.schedule.sigmas[98]!;
    expect(message(karrasGrid(3, { max: 80 })(ending))).toContain(`give { max: ${greatest} }`);
    expect(right(karrasGrid(3, { max: greatest })(ending))[0]).toBe(98);
    expect(right(atSigmas([Infinity, 1])(ending))[0]).toBe(99);
  });
});

describe.each<readonly [string, Noising]>([
  ['a schedule', noising],
  ['rectified flow', rectifiedFlow()],
  ['the trigonometric path', trigonometric()],
  ['a path of β', continuousLinear()],
  ['σ', edm()],
])('on %s', (_, path) => {
  const noises = (grid: Grid): readonly number[] =>
    levelsOf(path, right(gridOf(grid)(path)))
      .slice(0, -1)
      .map(sigmaOf);
  const range = { min: 0.05, max: 40 };

  it('karrasGrid makes equal steps of σ^(1/ρ)', () => {
    const roots = noises(karrasGrid(6, { ...range, rho: 3 })).map((sigma) => Math.cbrt(sigma));
    const [first, last] = [Math.cbrt(40), Math.cbrt(0.05)];
    roots.forEach((root, i) => expect(root).toBeCloseTo(first + (i / 5) * (last - first), 10));
  });

  it('exponentialGrid makes equal steps of the log-SNR', () => {
    const logs = noises(exponentialGrid(6, range)).map((sigma) => -2 * Math.log(sigma));
    logs.forEach((log, i) => expect(log).toBeCloseTo(-2 * Math.log(40 * (0.05 / 40) ** (i / 5)), 10));
  });

  it('atSigmas visits the noise levels that it names', () => {
    noises(atSigmas([30, 1, 0.1])).forEach((sigma, i) => expect(sigma / [30, 1, 0.1][i]!).toBeCloseTo(1, 11));
  });
});
