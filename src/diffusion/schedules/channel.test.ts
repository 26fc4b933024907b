import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type Channel, compose, foldChannels, identity, logSNR, posteriorOf, transition } from './channel.js';
import { cosine } from './alphaBarSchedules.js';
import { linear } from './betaSchedules.js';
import { E } from '../../internal/fp.js';

const unit = { min: 1e-3, max: 1, noNaN: true } as const;
const channels: fc.Arbitrary<Channel> = fc.record({ scale: fc.double(unit), variance: fc.double(unit) });

/** Equal up to 16 ulp of the larger number: a few roundings on each side. */
const approx = (a: number, b: number): boolean =>
  Math.abs(a - b) <= 16 * Number.EPSILON * Math.max(Math.abs(a), Math.abs(b));
const approxChannel = (a: Channel, b: Channel): boolean => approx(a.scale, b.scale) && approx(a.variance, b.variance);

describe('channels are a monoid', () => {
  test.prop([channels])('identity on both sides', (c) => {
    expect(compose(identity, c)).toEqual(c);
    expect(compose(c, identity)).toEqual(c);
  });

  test.prop([channels, channels, channels])('associativity', (a, b, c) => {
    expect(approxChannel(compose(compose(a, b), c), compose(a, compose(b, c)))).toBe(true);
  });

  test.prop([fc.array(channels), fc.array(channels)])('folding is a homomorphism from lists', (as, bs) => {
    const whole = foldChannels([...as, ...bs]);
    const parts = compose(foldChannels(as), foldChannels(bs));
    // one rounding more for each channel of the list
    const close = (x: number, y: number): boolean =>
      Math.abs(x - y) <= (as.length + bs.length + 4) * 4 * Number.EPSILON * Math.max(x, y);
    expect(close(whole.scale, parts.scale) && close(whole.variance, parts.variance)).toBe(true);
  });
});

test.prop([channels, channels])('transition inverts composition', (a, b) => {
  const c = compose(a, b);
  const back = transition(a, c);
  expect(approx(back.scale, b.scale)).toBe(true);
  // the subtraction cancels, so the error is that of the minuend
  expect(Math.abs(back.variance - b.variance)).toBeLessThanOrEqual(16 * Number.EPSILON * c.variance);
});

describe('posteriorOf is Bayes’ rule', () => {
  test.prop([channels, channels])('precisions add', (prior, likelihood) => {
    const { variance } = posteriorOf(prior, likelihood);
    const precision = 1 / prior.variance + likelihood.scale ** 2 / likelihood.variance;
    expect(approx(variance, 1 / precision)).toBe(true);
  });

  test.prop([channels, channels])('its mean, averaged over x_t given x_0, is the prior’s', (prior, likelihood) => {
    const { x0, xt } = posteriorOf(prior, likelihood);
    expect(approx(x0 + xt * compose(prior, likelihood).scale, prior.scale)).toBe(true);
  });

  it('a prior without noise is the posterior', () => {
    expect(posteriorOf({ scale: 0.5, variance: 0 }, identity)).toEqual({ x0: 0.5, xt: 0, variance: 0 });
  });
});

describe('logSNR', () => {
  it('is 0 where signal and noise are equal, ∞ without noise, -∞ without signal', () => {
    expect(logSNR({ scale: Math.SQRT1_2, variance: 0.5 })).toBeCloseTo(0, 15);
    expect(logSNR(identity)).toBe(Infinity);
    expect(logSNR({ scale: 0, variance: 1 })).toBe(-Infinity);
  });
});

it('the steps of a schedule fold into its alphaBars', () => {
  for (const schedule of [linear(100), cosine(100)]) {
    if (E.isLeft(schedule)) throw new Error(schedule.left.message);
    const { channels: steps, alphaBars, T } = schedule.right;
    for (const t of [0, 1, 50, 99]) {
      const { scale, variance } = foldChannels(steps.slice(0, t + 1));
      expect(Math.abs(scale / Math.sqrt(alphaBars[t]!) - 1)).toBeLessThan(T * 2 ** -52);
      expect(Math.abs(variance - (1 - alphaBars[t]!))).toBeLessThan(T * 2 ** -52);
    }
  }
});
