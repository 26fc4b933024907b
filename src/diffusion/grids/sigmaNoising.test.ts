import { describe, expect, it } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { linear, reciprocalBetas } from '../schedules/betaSchedules.js';
import { everyStep, atTimes } from './grid.js';
import { logSNRs, sigmaAt, sigmas } from '../schedules/noiseLevel.js';
import { respace } from './respacing.js';
import { karrasSigmas } from './sigmaGrid.js';
import { noisingOfSigmas, respaceAtSigmas } from './sigmaNoising.js';
import { sigmaOf } from '../channels/channel.js';
import { ddpm, noisingOf } from '../paths/discreteNoising.js';
import { clippedLogVariances } from '../paths/posterior.js';
import { levelsOf } from '../paths/noising.js';

const noising = right(ddpm(linear(1000)));
const levels = sigmas(noising.schedule);
const said = <A>(value: E.Either<{ readonly message: string }, A>): string =>
  E.isLeft(value) ? value.left.message : 'right';

describe('noisingOfSigmas', () => {
  it('has exactly the given σ, also where 1 - ᾱ loses their digits', () => {
    const levels = [2e-6, 0.002, 0.75, 80, 1e9, Infinity];
    const { marginals, schedule, timesteps } = right(noisingOfSigmas(levels));
    expect(Array.from(timesteps)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(schedule.T).toBe(6);
    expect(Array.from(sigmas(schedule))).toEqual(levels);
    expect(logSNRs(schedule)[0]).toBeCloseTo(-2 * Math.log(2e-6), 13);
    levels.slice(0, -1).forEach((sigma, t) => {
      const { alpha, sigma: s } = marginals[t]!;
      expect(Math.abs(s / alpha / sigma - 1)).toBeLessThan(8 * 2 ** -53);
      expect(Math.abs(alpha ** 2 + s ** 2 - 1)).toBeLessThan(8 * 2 ** -53);
    });
    expect(marginals[5]).toEqual({ alpha: 0, sigma: 1 });
  });

  it('with the σ of a schedule is its process', () => {
    const same = right(noisingOfSigmas(levels));
    noising.marginals.forEach(({ alpha, sigma }, t) => {
      // 1 - ᾱ has the rounding error of 1
      expect(Math.abs(same.marginals[t]!.alpha / alpha - 1)).toBeLessThan(2 ** -50);
      expect(Math.abs(same.marginals[t]!.sigma ** 2 - sigma ** 2)).toBeLessThan(2 ** -50);
      expect(Math.abs(same.posteriors[t]!.sigma ** 2 - noising.posteriors[t]!.sigma ** 2)).toBeLessThan(2 ** -48);
    });
  });

  it('refuses σ that do not rise', () => {
    for (const bad of [[], [0, 1], [-1, 1], [2, 1], [1, 1], [NaN], [1, Infinity, Infinity], [1e-101, 1]])
      expect(said(noisingOfSigmas(bad))).toContain(
        'noisingOfSigmas: expected noise levels of at least 1e-100 that rise with t',
      );
  });
});

/** The pairs of neighbouring noise levels that lose most digits in ᾱ: small ones, and near ones. */
const near = [
  [1e-9, 1],
  [1e-8, 1e-8 * (1 + 1e-6)],
  [1e-8, 2e-8],
  [1e-8, 1e-4],
  [1e-7, 1e-7 * (1 + 1e-6)],
  [1e-6, 1.1e-6],
  [1e-3, 1e-3 * (1 + 1e-6)],
  [0.7, 0.7 * (1 + 1e-6)],
  [80, 80 * (1 + 1e-6)],
] as const;

describe.each(near)('a process of σ = %d and %d has the digits of the exact numbers of these doubles', (s, t) => {
  const process = right(noisingOfSigmas([s, t]));
  /** σ² as a fraction of 2⁴⁰⁰. */
  const [ss, tt] = [s, t].map((sigma) => BigInt(sigma * 2 ** 200) ** 2n) as [bigint, bigint];
  const one = 2n ** 400n;
  /** The relative distance of a number from the root of a fraction. */
  const offRoot = (actual: number, numerator: bigint, denominator: bigint): number => {
    const square = BigInt(actual * 2 ** 200) ** 2n * denominator;
    return Math.abs(Number(((square - numerator * one) * 10n ** 30n) / (numerator * one))) / 2e30;
  };
  const rounding = 2 ** -53;

  it('in its steps: β_t = (σ_t² - σ_s²)/(1 + σ_t²)', () => {
    const { channels, betas, sigmas: own } = process.schedule;
    expect(Array.from(own)).toEqual([s, t]);
    expect(offRoot(channels[0]!.sigma, ss, one + ss)).toBeLessThan(4 * rounding);
    expect(offRoot(channels[1]!.sigma, tt - ss, one + tt)).toBeLessThan(6 * rounding);
    expect(offRoot(channels[1]!.alpha, one + ss, one + tt)).toBeLessThan(4 * rounding);
    betas.forEach((beta, i) => expect(Math.sqrt(beta)).toBe(channels[i]!.sigma));
  });

  it('in its posteriors: √ᾱ_s·(1 - σ_s²/σ_t²), √(ᾱ_s/ᾱ_t)·σ_s²/σ_t², and ᾱ_s·σ_s²·(1 - σ_s²/σ_t²)', () => {
    const { x0, xt, sigma } = process.posteriors[1]!;
    expect(offRoot(x0, (tt - ss) ** 2n * one, tt ** 2n * (one + ss))).toBeLessThan(16 * rounding);
    expect(offRoot(xt, (one + tt) * ss ** 2n, (one + ss) * tt ** 2n)).toBeLessThan(16 * rounding);
    expect(offRoot(sigma, ss * (tt - ss), tt * (one + ss))).toBeLessThan(16 * rounding);
    expect(clippedLogVariances(process)[1]).toBeCloseTo(2 * Math.log(sigma), 13);
  });

  it('and the same after respacing, and from its schedule alone', () => {
    const respaced = right(respace(atTimes([1, 0]))(process));
    for (const same of [respaced, noisingOf(process.schedule)])
      expect([same.marginals, same.posteriors]).toEqual([process.marginals, process.posteriors]);
  });
});

describe('respaceAtSigmas', () => {
  it('visits exactly karrasSigmas, also between timesteps', () => {
    const cosines = right(ddpm(cosine(1000)));
    const levels = right(karrasSigmas(20, { min: 0.01, max: 80 }));
    const visiting = right(respaceAtSigmas(levels)(cosines));
    const visits = levelsOf(visiting, right(everyStep(visiting)));
    levels.forEach((sigma, i) => expect(Math.abs(sigmaOf(visits[i]!) / sigma - 1)).toBeLessThan(8 * 2 ** -53));
    // the denoiser gets the timestep whose σ is nearest by ratio
    const known = sigmas(cosines.schedule);
    const nearest = (sigma: number): number =>
      known.reduce(
        (best, level, t) => (Math.abs(Math.log(level / sigma)) < Math.abs(Math.log(known[best]! / sigma)) ? t : best),
        0,
      );
    expect(Array.from(visiting.timesteps).reverse()).toEqual(Array.from(levels, nearest));
  });

  it('accepts the σ that a process was made from, and those of its schedule', () => {
    for (const levels of [[80, 0.0015], Array.from(right(karrasSigmas(18, { min: 0.002, max: 80 })))]) {
      const own = right(noisingOfSigmas([...levels].reverse()));
      const again = right(respaceAtSigmas(levels)(own));
      expect([again.marginals, again.timesteps]).toEqual([own.marginals, own.timesteps]);
      expect(Array.from(sigmas(again.schedule)).reverse()).toEqual(levels);
      const ends = right(respaceAtSigmas(levels.map((_, i) => sigmaAt(again.schedule)(levels.length - 1 - i)))(again));
      expect(ends.marginals).toEqual(own.marginals);
    }
  });

  it('keeps the digits of σ in respace', () => {
    const own = right(noisingOfSigmas([2e-6, 0.002, 80]));
    const short = right(respace(atTimes([2, 0]))(own));
    expect(short.marginals).toEqual([own.marginals[0], own.marginals[2]]);
    expect(Array.from(sigmas(short.schedule))).toEqual([2e-6, 80]);
  });

  it('at σ of the process itself is respace', () => {
    const chosen = [999, 640, 300, 7, 0];
    const [one, other] = [
      right(respaceAtSigmas(chosen.map((t) => levels[t]!))(noising)),
      right(respace(atTimes(chosen))(noising)),
    ];
    expect(one).toEqual(other);
  });

  it('of a respaced process rounds to the timesteps of the denoiser', () => {
    const short = right(respace(atTimes([900, 500, 100]))(noising));
    const between = Math.sqrt(levels[500]! * levels[900]!); // half-way in log σ
    expect(Array.from(right(respaceAtSigmas([between, levels[100]!])(short)).timesteps)).toEqual([100, 700]);
  });

  it('may begin at σ = ∞', () => {
    const ending = right(ddpm(reciprocalBetas(100)));
    const visiting = right(respaceAtSigmas([Infinity, 1])(ending));
    expect(visiting.marginals[1]).toEqual({ alpha: 0, sigma: 1 });
    expect(visiting.timesteps[1]).toBe(99);
  });

  it('names the range of σ in its error', () => {
    for (const bad of [[], [1, 1], [1, 2], [NaN], [1e9, 1], [80, 0.002]])
      expect(said(respaceAtSigmas(bad)(noising))).toContain(
        `respaceAtSigmas: expected falling noise levels within those of the process, ${levels[999]} to ${levels[0]}`,
      );
  });
});
