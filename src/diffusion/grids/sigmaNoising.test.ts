import { describe, expect, it } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import { cosine } from '../levels/alphaBarSchedules.js';
import { linear, reciprocalBetas } from '../levels/betaSchedules.js';
import { everyStep, timestepGrid } from './grid.js';
import { logSNRs, sigmaAt, sigmas } from '../levels/noiseLevel.js';
import { respace } from './respacing.js';
import { karrasSigmas } from './sigmaGrid.js';
import { noisingOfSigmas, respaceAtSigmas } from './sigmaNoising.js';
import { sigmaOf } from '../levels/channel.js';
import { ddpm } from '../levels/discreteNoising.js';
import { levelsOf } from '../levels/noising.js';

const noising = right(ddpm(linear(1000)));
const levels = sigmas(noising.schedule);
const said = <A>(made: E.Either<{ readonly message: string }, A>): string =>
  E.isLeft(made) ? made.left.message : 'right';

describe('noisingOfSigmas', () => {
  it('has exactly the given σ, also where 1 - ᾱ loses their digits', () => {
    const wanted = [2e-6, 0.002, 0.75, 80, 1e9, Infinity];
    const { marginals, schedule, timesteps } = right(noisingOfSigmas(wanted));
    expect(Array.from(timesteps)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(schedule.T).toBe(6);
    expect(Array.from(sigmas(schedule))).toEqual(wanted);
    expect(logSNRs(schedule)[0]).toBeCloseTo(-2 * Math.log(2e-6), 13);
    wanted.slice(0, -1).forEach((sigma, t) => {
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
    for (const bad of [[], [0, 1], [-1, 1], [2, 1], [1, 1], [NaN], [1, Infinity, Infinity], [1e-12, 1]])
      expect(said(noisingOfSigmas(bad))).toContain('noisingOfSigmas: expected noise levels above 0 that rise');
  });
});

describe('respaceAtSigmas', () => {
  it('visits exactly karrasSigmas, also between timesteps', () => {
    const cosines = right(ddpm(cosine(1000)));
    const wanted = right(karrasSigmas(20, { min: 0.01, max: 80 }));
    const visiting = right(respaceAtSigmas(wanted)(cosines));
    const levels = levelsOf(visiting, right(everyStep(visiting)));
    wanted.forEach((sigma, i) => expect(Math.abs(sigmaOf(levels[i]!) / sigma - 1)).toBeLessThan(8 * 2 ** -53));
    // the denoiser gets the timestep whose σ is nearest by ratio
    const known = sigmas(cosines.schedule);
    const nearest = (sigma: number): number =>
      known.reduce(
        (best, level, t) => (Math.abs(Math.log(level / sigma)) < Math.abs(Math.log(known[best]! / sigma)) ? t : best),
        0,
      );
    expect(Array.from(visiting.timesteps).reverse()).toEqual(Array.from(wanted, nearest));
  });

  it('accepts the σ that a process was made from, and those of its schedule', () => {
    for (const wanted of [[80, 0.0015], Array.from(right(karrasSigmas(18, { min: 0.002, max: 80 })))]) {
      const own = right(noisingOfSigmas([...wanted].reverse()));
      const again = right(respaceAtSigmas(wanted)(own));
      expect([again.marginals, again.timesteps]).toEqual([own.marginals, own.timesteps]);
      expect(Array.from(sigmas(again.schedule)).reverse()).toEqual(wanted);
      const ends = right(respaceAtSigmas(wanted.map((_, i) => sigmaAt(again.schedule)(wanted.length - 1 - i)))(again));
      expect(ends.marginals).toEqual(own.marginals);
    }
  });

  it('keeps the digits of σ in respace', () => {
    const own = right(noisingOfSigmas([2e-6, 0.002, 80]));
    const short = right(respace(timestepGrid([2, 0]))(own));
    expect(short.marginals).toEqual([own.marginals[0], own.marginals[2]]);
    expect(Array.from(sigmas(short.schedule))).toEqual([2e-6, 80]);
  });

  it('at σ of the process itself is respace', () => {
    const chosen = [999, 640, 300, 7, 0];
    const [one, other] = [
      right(respaceAtSigmas(chosen.map((t) => levels[t]!))(noising)),
      right(respace(timestepGrid(chosen))(noising)),
    ];
    expect(one).toEqual(other);
  });

  it('of a respaced process rounds to the timesteps of the denoiser', () => {
    const short = right(respace(timestepGrid([900, 500, 100]))(noising));
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
