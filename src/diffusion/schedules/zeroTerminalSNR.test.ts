import { describe, expect, it } from 'vitest';
import { E } from '../../internal/fp.js';
import { cosine } from './alphaBarSchedules.js';
import { reciprocalBetas, scaledLinear } from './betaSchedules.js';
import { scheduleFromBetas } from './schedule.js';
import { zeroTerminalSNR } from './zeroTerminalSNR.js';

describe('zeroTerminalSNR', () => {
  it('is Algorithm 1 of Lin et al. 2024: √ᾱ shifted to end at 0 and scaled to begin where it did', () => {
    const before = scaledLinear(100);
    const after = E.flatMap(zeroTerminalSNR)(before);
    if (E.isLeft(before) || E.isLeft(after)) throw new Error('no schedule');
    const roots = Array.from(before.right.alphaBars, Math.sqrt);
    const [first, last] = [roots[0]!, roots[99]!];
    const expected = roots.map((root) => (((root - last) * first) / (first - last)) ** 2);
    after.right.alphaBars.forEach((alphaBar, t) => expect(alphaBar).toBeCloseTo(expected[t]!, 14));
    expect(after.right.betas[0]).toBe(before.right.betas[0]);
  });

  it('changes nothing if no signal is left already', () => {
    const before = reciprocalBetas(50);
    const after = E.flatMap(zeroTerminalSNR)(before);
    if (E.isLeft(before) || E.isLeft(after)) throw new Error('no schedule');
    after.right.betas.forEach((beta, t) => expect(beta).toBeCloseTo(before.right.betas[t]!, 14));
  });

  it('counts steps that are too small to change √ᾱ', () => {
    const after = E.flatMap(zeroTerminalSNR)(scheduleFromBetas([0.5, 1e-16, 1e-16]));
    // both steps reduce √ᾱ equally
    expect(E.isRight(after) && Array.from(after.right.alphaBars)).toEqual([0.5, 0.125, 0]);
  });

  it('keeps the signal in ᾱ after a β that rounds to 1', () => {
    const after = E.flatMap(zeroTerminalSNR)(scheduleFromBetas([0.5, 0.5, 1e-12]));
    // 0.5·((√0.25 - √0.25·√(1 - 1e-12))/(√0.5 - √0.25·√(1 - 1e-12)))² with fifty digits
    expect(E.isRight(after) && after.right.alphaBars[1]! / 7.285533905918792e-25).toBeCloseTo(1, 12);
  });

  it('refuses a single timestep', () => {
    const result = E.flatMap(zeroTerminalSNR)(scheduleFromBetas([0.5]));
    expect(E.isLeft(result) && result.left._tag).toBe('ConfigError');
    expect(E.isRight(E.flatMap(zeroTerminalSNR)(cosine(2)))).toBe(true);
  });
});
