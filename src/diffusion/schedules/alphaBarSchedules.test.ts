import { describe, expect, it } from 'vitest';
import { E, type either } from '../../internal/fp.js';
import { cosine, exponential, laplace, scheduleFromAlphaBar, sigmoidAlphaBar } from './alphaBarSchedules.js';
import type { Schedule } from './schedule.js';

const message = (schedule: either.Either<{ readonly message: string }, Schedule>): string =>
  E.isLeft(schedule) ? schedule.left.message : 'right';
const right = (schedule: either.Either<{ readonly message: string }, Schedule>): Schedule => {
  if (E.isLeft(schedule)) throw new Error(schedule.left.message);
  return schedule.right;
};

describe.each(Object.entries({ cosine, exponential, laplace, sigmoidAlphaBar }))('%s', (name, make) => {
  it('refuses a T that is not a whole number of timesteps, and names itself', () => {
    for (const T of [0, -5, 2.5, 1e15, NaN, Infinity]) expect(message(make(T))).toContain(`got ${T};`);
    expect(message(make(0))).toContain(`${name}: expected`);
  });

  it('keeps every β at most maxBeta, 0.999 by default, at any T', () => {
    for (const T of [1, 2, 50, 1000]) expect(Math.max(...right(make(T)).betas)).toBeLessThanOrEqual(0.999);
    expect(Math.max(...right(make(2, { maxBeta: 0.1 })).betas)).toBe(0.1);
  });

  it('refuses a maxBeta outside of (0, 1]', () => {
    for (const maxBeta of [0, -1, 1.5, NaN]) expect(message(make(9, { maxBeta }))).toContain('β in (0, 1]');
  });
});

describe('scheduleFromAlphaBar', () => {
  it('follows ᾱ, up to a factor, until its betas are clipped', () => {
    const { alphaBars } = right(scheduleFromAlphaBar((fraction) => 0.5 * (1 - fraction), 4));
    expect(Array.from(alphaBars.subarray(0, 3))).toEqual([0.75, 0.5, 0.25]);
    expect(alphaBars[3]).toBeCloseTo(0.25 * 0.001, 14);
  });

  it('ends at zero terminal SNR if ᾱ does and betas are not clipped', () => {
    expect(right(scheduleFromAlphaBar((fraction) => 1 - fraction, 4, 1)).alphaBars[3]).toBe(0);
  });

  it('refuses a ᾱ that is outside of (0, 1], does not fall, or is NaN', () => {
    const bad = (alphaBar: (fraction: number) => number): string => message(scheduleFromAlphaBar(alphaBar, 4));
    expect(bad((t) => 2 - t)).toContain('got 2 at 0/4;');
    expect(bad((t) => 0.5 - t)).toContain('got 0 at 2/4, after 0.25;');
    expect(bad((t) => 1 - 2 * t ** 2)).toContain('got -0.125 at 3/4, after 0.5;');
    expect(bad(() => 0.5)).toContain('got 0.5 at 1/4, after 0.5;');
    expect(bad((t) => 0.5 + t / 4)).toContain('after 0.5');
    expect(bad((t) => (t > 0.6 ? NaN : 1 - t))).toContain('got NaN at 3/4, after 0.5;');
    expect(bad(() => NaN)).toContain('got NaN at 0/4;');
  });

  it('refuses a T that is not a whole number of timesteps', () => {
    for (const T of [0, 2.5, NaN]) expect(message(scheduleFromAlphaBar((t) => 1 - t, T))).toContain(`got ${T};`);
  });
});

describe('options', () => {
  it('sigmoidAlphaBar needs start < end and tau > 0', () => {
    for (const options of [{ start: 3 }, { start: NaN }, { tau: 0 }, { tau: -1 }, { start: -Infinity }])
      expect(message(sigmoidAlphaBar(9, options))).toMatch(/^sigmoidAlphaBar(\.\w+)?: expected/);
  });

  it('laplace has the log-SNR mu halfway', () => {
    const { alphaBars } = right(laplace(10, { mu: 1.5, b: 0.7 }));
    expect(Math.log(alphaBars[4]! / (1 - alphaBars[4]!))).toBeCloseTo(1.5, 12);
    for (const options of [{ mu: NaN }, { b: 0 }, { b: -1 }, { b: Infinity }])
      expect(message(laplace(9, options))).toMatch(/^laplace(\.\w+)?: expected/);
  });

  it("laplace as diffusers has the ᾱ of 'laplace' there", () => {
    // betas_for_alpha_bar(T, alpha_transform_type='laplace')
    const alphaBar = (t: number): number => {
      const lambda = -0.5 * (t > 0.5 ? -1 : 1) * Math.log(1 - 2 * Math.abs(0.5 - t) + 1e-6);
      const snr = Math.exp(lambda);
      return Math.sqrt(snr / (1 + snr));
    };
    const T = 7;
    const { betas } = right(laplace(T, { as: 'diffusers' }));
    betas.forEach((beta, t) => expect(beta).toBeCloseTo(1 - alphaBar((t + 1) / T) / alphaBar(t / T), 12));
    expect(message(laplace(9, { as: 'root' as never }))).toContain("laplace.as: expected 'paper' or 'diffusers'");
  });

  it('exponential ends at e^-rate with equal betas', () => {
    const { alphaBars, betas } = right(exponential(100, { rate: 5 }));
    expect(alphaBars[99]! / Math.exp(-5)).toBeCloseTo(1, 12);
    betas.forEach((beta) => expect(beta).toBeCloseTo(betas[0]!, 14));
    for (const rate of [0, -1, NaN])
      expect(message(exponential(9, { rate }))).toMatch(/^exponential(\.\w+)?: expected/);
  });
});
