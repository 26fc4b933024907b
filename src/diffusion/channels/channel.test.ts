import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import {
  type Channel,
  channelOfSigma,
  compose,
  foldChannels,
  halfLogSNR,
  identity,
  logSNR,
  posteriorOf,
  sigmaOf,
  transition,
} from './channel.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { linear } from '../schedules/betaSchedules.js';
import { E } from '../../internal/fp.js';

const unit = { min: 1e-3, max: 1, noNaN: true } as const;
const channels: fc.Arbitrary<Channel> = fc.record({ alpha: fc.double(unit), sigma: fc.double(unit) });

/** Equal up to 16 ulp of the larger number: a few roundings on each side. */
const approx = (a: number, b: number): boolean =>
  Math.abs(a - b) <= 16 * Number.EPSILON * Math.max(Math.abs(a), Math.abs(b));
const approxChannel = (a: Channel, b: Channel): boolean => approx(a.alpha, b.alpha) && approx(a.sigma, b.sigma);

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
    expect(close(whole.alpha, parts.alpha) && close(whole.sigma, parts.sigma)).toBe(true);
  });
});

test.prop([channels, channels])('transition inverts composition', (a, b) => {
  const c = compose(a, b);
  const back = transition(a, c);
  expect(approx(back.alpha, b.alpha)).toBe(true);
  // the subtraction cancels, so the error is that of the minuend
  expect(Math.abs(back.sigma ** 2 - b.sigma ** 2)).toBeLessThanOrEqual(16 * Number.EPSILON * c.sigma ** 2);
});

test.prop([channels])('transition between equal channels is the identity', (c) => {
  expect(transition(c, c)).toEqual(identity);
});

it('transition from the data, and to pure noise, is the later channel', () => {
  const later = { alpha: 0.6, sigma: 0.8 };
  expect(transition(identity, later)).toEqual(later);
  expect(transition(identity, identity)).toEqual(identity);
  expect(transition(later, { alpha: 0, sigma: 1 })).toEqual({ alpha: 0, sigma: 1 });
});

describe('at every noise level, the digits are those of the exact result', () => {
  const ONE = 2n ** 200n;
  /** A double as an exact multiple of 2⁻²⁰⁰. */
  const exact = (x: number): bigint => BigInt(x * 2 ** 200);
  /** The relative distance of `actual` from a fraction. */
  const distance = (actual: bigint, numerator: bigint, denominator: bigint): number => {
    const off = actual * denominator - numerator;
    return Math.abs(Number((off * 10n ** 30n) / numerator)) / 1e30;
  };
  const levels = [
    [1e-8, 1.2e-8],
    [1e-8, 3e-8],
    [1e-8, 1e-4],
    [1e-8, 1],
    [1e-8, 1e6],
    [0.001, 0.002],
    [0.7, 1.3],
  ] as const;

  it.each(levels)('transition from σ = %d to %d', (s, t) => {
    const [earlier, later] = [channelOfSigma(s), channelOfSigma(t)];
    const { alpha, sigma } = transition(earlier, later);
    const [as, ss, at, st] = [earlier.alpha, earlier.sigma, later.alpha, later.sigma].map(exact) as [bigint, bigint, bigint, bigint]; // oxfmt-ignore
    // σ² = σ_t² - (α_t/α_s)²·σ_s²
    expect(distance(exact(sigma) ** 2n, (st * as) ** 2n - (at * ss) ** 2n, as ** 2n)).toBeLessThan(1e-14);
    expect(distance(exact(alpha), at * ONE, as)).toBeLessThan(1e-15);
  });

  it.each(levels)('the posterior at σ = %d, given %d', (s, t) => {
    const prior = channelOfSigma(s);
    const likelihood = transition(prior, channelOfSigma(t));
    const actual = posteriorOf(prior, likelihood);
    const [a1, s1, a2, s2] = [prior.alpha, prior.sigma, likelihood.alpha, likelihood.sigma].map(exact) as [bigint, bigint, bigint, bigint]; // oxfmt-ignore
    // α₂²·σ₁² + σ₂², in units of 2⁻⁸⁰⁰
    const total = (a2 * s1) ** 2n + (s2 * ONE) ** 2n;
    expect(distance(exact(actual.x0), a1 * (s2 * ONE) ** 2n, total)).toBeLessThan(1e-14);
    expect(distance(exact(actual.xt), a2 * (s1 * ONE) ** 2n, total)).toBeLessThan(1e-14);
    expect(distance(exact(actual.sigma) ** 2n, (s1 * s2 * ONE) ** 2n, total)).toBeLessThan(1e-14);
  });

  it('a channel of σ has this σ, and half of the log-SNR is -ln σ', () => {
    for (const sigma of [1e-300, 1e-8, 0.002, 0.5, 80, 1e8, 1e300]) {
      expect(Math.abs(sigmaOf(channelOfSigma(sigma)) / sigma - 1)).toBeLessThanOrEqual(2 ** -52);
      expect(Math.abs(halfLogSNR(channelOfSigma(sigma)) / Math.log(sigma) + 1)).toBeLessThan(1e-15);
    }
    expect(channelOfSigma(0)).toEqual(identity);
    expect(channelOfSigma(Infinity)).toEqual({ alpha: 0, sigma: 1 });
  });
});

describe('posteriorOf is Bayes’ rule', () => {
  test.prop([channels, channels])('precisions add', (prior, likelihood) => {
    const { sigma } = posteriorOf(prior, likelihood);
    const precision = 1 / prior.sigma ** 2 + (likelihood.alpha / likelihood.sigma) ** 2;
    expect(approx(sigma, 1 / Math.sqrt(precision))).toBe(true);
  });

  test.prop([channels, channels])('its mean, averaged over x_t given x_0, is the prior’s', (prior, likelihood) => {
    const { x0, xt } = posteriorOf(prior, likelihood);
    expect(approx(x0 + xt * compose(prior, likelihood).alpha, prior.alpha)).toBe(true);
  });

  it('a prior without noise is the posterior', () => {
    expect(posteriorOf({ alpha: 0.5, sigma: 0 }, identity)).toEqual({ x0: 0.5, xt: 0, sigma: 0 });
  });
});

describe('logSNR', () => {
  it('is 0 where signal and noise are equal, ∞ without noise, -∞ without signal', () => {
    expect(logSNR({ alpha: Math.SQRT1_2, sigma: Math.SQRT1_2 })).toBeCloseTo(0, 15);
    expect(logSNR(identity)).toBe(Infinity);
    expect(logSNR({ alpha: 0, sigma: 1 })).toBe(-Infinity);
  });
});

it('the steps of a schedule fold into its alphaBars', () => {
  for (const schedule of [linear(100), cosine(100)]) {
    if (E.isLeft(schedule)) throw new Error(schedule.left.message);
    const { channels: steps, alphaBars, T } = schedule.right;
    for (const t of [0, 1, 50, 99]) {
      const { alpha, sigma } = foldChannels(steps.slice(0, t + 1));
      expect(Math.abs(alpha / Math.sqrt(alphaBars[t]!) - 1)).toBeLessThan(T * 2 ** -52);
      expect(Math.abs(sigma ** 2 - (1 - alphaBars[t]!))).toBeLessThan(T * 2 ** -52);
    }
  }
});
