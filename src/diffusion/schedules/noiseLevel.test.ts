import { describe, expect, it } from 'vitest';
import { E, type either } from '../../internal/fp.js';
import { linear, reciprocalBetas } from './betaSchedules.js';
import { logSNR } from '../channels/channel.js';
import { logSNRAt, logSNRs, sigmaAt, sigmas, timestepOfLogSNR, timestepOfSigma } from './noiseLevel.js';
import type { Schedule } from './schedule.js';
import { noisingOf } from '../paths/discreteNoising.js';

const right = (value: either.Either<{ readonly message: string }, Schedule>): Schedule => {
  if (E.isLeft(value)) throw new Error(value.left.message);
  return value.right;
};
const schedule = right(linear(1000));
const ending = right(reciprocalBetas(10));

describe('noise levels', () => {
  it('agree with the marginals', () => {
    noisingOf(schedule).marginals.forEach((marginal, t) => {
      expect(logSNRs(schedule)[t]).toBeCloseTo(logSNR(marginal), 9);
      expect(sigmas(schedule)[t]! / Math.exp(-logSNR(marginal) / 2)).toBeCloseTo(1, 9);
    });
  });

  it('are linear in log σ between whole timesteps, as in k-diffusion', () => {
    const table = Array.from(sigmas(schedule), Math.log);
    for (const t of [0.25, 10.5, 500.75]) {
      const [low, high] = [table[Math.floor(t)]!, table[Math.floor(t) + 1]!];
      expect(Math.log(sigmaAt(schedule)(t))).toBeCloseTo(low + (t % 1) * (high - low), 12);
      expect(timestepOfSigma(schedule)(sigmaAt(schedule)(t))).toBeCloseTo(t, 9);
    }
  });

  it('are clamped to the ends of the process', () => {
    expect([logSNRAt(schedule)(-1), logSNRAt(schedule)(2000)]).toEqual([logSNRs(schedule)[0], logSNRs(schedule)[999]]);
    expect([1e-9, 0, 1e9, Infinity].map(timestepOfSigma(schedule))).toEqual([0, 0, 999, 999]);
    expect([Infinity, -Infinity].map(timestepOfLogSNR(schedule))).toEqual([0, 999]);
  });

  it('are infinite only at the last timestep of zero terminal SNR, and never NaN', () => {
    expect(sigmas(ending)[9]).toBe(Infinity);
    expect(logSNRAt(ending)(9)).toBe(-Infinity);
    expect(logSNRAt(ending)(8)).toBeCloseTo(Math.log(0.1 / 0.9), 12);
    expect(logSNRAt(ending)(8.5)).toBe(-Infinity);
    expect([-Infinity, -100].map(timestepOfLogSNR(ending))).toEqual([9, 8]);
    expect(timestepOfSigma(ending)(Infinity)).toBe(9);
  });

  it('of NaN are NaN', () => {
    expect(logSNRAt(schedule)(NaN)).toBeNaN();
    expect(timestepOfLogSNR(schedule)(NaN)).toBeNaN();
    expect(timestepOfSigma(schedule)(-1)).toBeNaN();
  });
});
