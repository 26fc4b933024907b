import { describe, expect, it } from 'vitest';
import { E, type either } from '../../internal/fp.js';
import {
  type BetaRange,
  constantBetas,
  linear,
  linearUnscaled,
  quadratic,
  reciprocalBetas,
  scaledLinear,
  sigmoidBetas,
  warmupBetas,
} from './betaSchedules.js';
import type { Schedule } from './schedule.js';

const message = (schedule: either.Either<{ readonly message: string }, Schedule>): string =>
  E.isLeft(schedule) ? schedule.left.message : 'right';
const betas = (schedule: either.Either<unknown, Schedule>): readonly number[] =>
  E.isRight(schedule) ? Array.from(schedule.right.betas) : [];

const ranged = {
  linearUnscaled,
  quadratic,
  scaledLinear,
  sigmoidBetas,
  warmupBetas: (T: number, range?: BetaRange) => warmupBetas(T, 0.5, range),
} satisfies Record<string, (T: number, range?: BetaRange) => either.Either<unknown, Schedule>>;

describe.each(Object.entries({ ...ranged, linear, constantBetas, reciprocalBetas }))('%s', (name, make) => {
  it('refuses a T that is not a whole number of timesteps, and names itself', () => {
    for (const T of [0, -5, 2.5, 1e15, NaN, Infinity]) {
      expect(message(make(T))).toContain(`got ${T};`);
      expect(message(make(T))).toContain(`${name}: expected`);
    }
  });
});

describe.each(Object.entries(ranged))('%s', (_, make) => {
  it('refuses a range that is not 0 < start ≤ end < 1', () => {
    for (const range of [
      { start: 0 },
      { start: -0.1 },
      { start: NaN },
      { end: 1 },
      { end: NaN },
      { start: 0.3, end: 0.2 },
    ])
      expect(message(make(10, range))).toContain('0 < start ≤ end < 1');
  });

  it('rises from start to end', () => {
    const all = betas(make(50, { start: 0.001, end: 0.3 }));
    expect(all).toHaveLength(50);
    // a sigmoid from -6 to 6 leaves 0.25 % at both ends
    expect(Math.abs(all[0]! - 0.001)).toBeLessThan(0.0025 * 0.3);
    expect(Math.abs(all[49]! - 0.3)).toBeLessThan(0.0025 * 0.3);
    all.forEach((beta, t) => expect(beta).toBeGreaterThanOrEqual(all[t - 1] ?? 0));
  });

  it('has a single step', () => {
    expect(betas(make(1))).toHaveLength(1);
  });
});

describe('named beta schedules', () => {
  it('linear needs twenty steps', () => {
    expect(message(linear(19))).toContain('T ≥ 20');
    expect(message(linear(20))).toBe('right');
  });

  it('linear spans Ho et al.’s betas at T = 1000, and linearUnscaled at any T', () => {
    expect([betas(linear(1000))[0], betas(linear(1000))[999]]).toEqual([1e-4, 0.02]);
    expect([betas(linearUnscaled(10))[0], betas(linearUnscaled(10))[9]]).toEqual([1e-4, 0.02]);
    expect(betas(linearUnscaled(1000))).toEqual(betas(linear(1000)));
  });

  it('scaledLinear is quadratic in another range, and keeps the default of an end left out', () => {
    expect(betas(scaledLinear(9))).toEqual(betas(quadratic(9, { start: 0.00085, end: 0.012 })));
    expect(betas(scaledLinear(9, { end: 0.5 }))).toEqual(betas(quadratic(9, { start: 0.00085, end: 0.5 })));
  });

  it('constantBetas refuses an invalid β, and one that leaves no signal', () => {
    for (const beta of [0, -0.1, 1, NaN]) expect(message(constantBetas(10, beta))).toContain(`${beta} at t = 0`);
    expect(message(constantBetas(1000, 0.9))).toContain('0.9 at t = 323');
  });

  it('warmupBetas rises over the whole fraction, or not at all', () => {
    expect(betas(warmupBetas(9, 1))).toEqual(betas(linearUnscaled(9)));
    expect(betas(warmupBetas(9, 0))).toEqual(betas(constantBetas(9)));
    for (const fraction of [-0.1, 1.1, NaN]) expect(message(warmupBetas(9, fraction))).toContain(`got ${fraction}`);
  });

  it.each([
    [0.5, 9, 4],
    [0.1, 19, 1],
    [0.99, 10, 9],
  ])('warmupBetas(%d) of %d timesteps rises over the first ⌊fraction·T⌋ = %d', (fraction, T, rising) => {
    const last = new Float64Array(T - rising).fill(0.02);
    expect(betas(warmupBetas(T, fraction))).toEqual([...betas(linearUnscaled(rising)), ...last]);
  });

  it('reciprocalBetas removes equal parts of the signal, and leaves none', () => {
    const result = reciprocalBetas(10);
    const alphaBars = E.isRight(result) ? Array.from(result.right.alphaBars) : [];
    alphaBars.forEach((alphaBar, t) => expect(alphaBar).toBeCloseTo((9 - t) / 10, 14));
    expect(alphaBars.at(-1)).toBe(0);
  });
});
