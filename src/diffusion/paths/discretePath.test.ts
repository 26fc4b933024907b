import { describe, expect, it } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { everyStep } from '../grids/grid.js';
import { respace } from '../grids/respacing.js';
import { atSigmas } from '../grids/sigmaGrid.js';
import { respaceAtSigmas } from '../grids/sigmaNoising.js';
import { linear, reciprocalBetas } from '../schedules/betaSchedules.js';
import { ddpm, linearInLogAlpha } from './discreteNoising.js';
import { pathOf } from './noising.js';

const noising = right(ddpm(linear(1000)));
const [usual, ours] = [pathOf(noising), pathOf(linearInLogAlpha(noising))];

describe('levels between timesteps with a linear log α', () => {
  // `NoiseScheduleVP('discrete', betas=…)` of DPM-Solver, in NumPy: log α = ½·cumsum(log(1 - β)), by `interp` of t = (n + 1)/1000
  it.each([
    [0.5, 0.9999200189207683, 0.012647361839151107],
    [3.25, 0.9997178007215716, 0.023755397711345296],
    [500.25, 0.2785675280650833, 0.9604166451638106],
    [998.9, 0.006359238536008339, 0.9999797798381936],
  ])('are those of DPM-Solver at timestep %d', (t, alpha, sigma) => {
    const level = ours.levelAt(t);
    expect(level.t).toBe(t);
    expect(level.alpha / alpha).toBeCloseTo(1, 12);
    expect(level.sigma / sigma).toBeCloseTo(1, 11); // 1 - ᾱ has four digits fewer
  });

  // its `inverse_lambda(-log σ)`
  it.each([
    [0.02, 2.251221493424398],
    [0.5, 144.15309747414236],
    [5, 565.353990915099],
    [100, 953.0528798320296],
  ])('have the timesteps of DPM-Solver at σ/α = %d', (sigma, t) => {
    expect(ours.levelOfSigma(sigma).t).toBeCloseTo(t, 9);
    expect(right(atSigmas([sigma])(linearInLogAlpha(noising)))[0]).toBeCloseTo(t, 9);
  });

  it('differ from those of k-diffusion near the data', () => {
    const geometric = Math.sqrt(usual.levelAt(0).sigma * usual.levelAt(1).sigma);
    expect(usual.levelAt(0.5).sigma / geometric).toBeCloseTo(1, 4);
    expect(ours.levelAt(0.5).sigma / geometric).toBeGreaterThan(1.03);
  });

  it('leave the timesteps as they are', () => {
    for (const t of [0, 1, 500, 999]) expect(ours.levelAt(t)).toEqual(usual.levelAt(t));
  });

  it('stay after respacing', () => {
    const short = right(respace(everyStep)(linearInLogAlpha(noising)));
    expect(pathOf(short).levelOfSigma(5).t).toBeCloseTo(565.353990915099, 9);
    // between its levels, the network of a respaced process gets the timestep of the whole one
    const coarse = pathOf(right(respace(10)(linearInLogAlpha(noising))));
    expect(coarse.clock.at(coarse.levelOfSigma(5))).toBeCloseTo(565.353990915099, 9);
    expect(Array.from(right(respaceAtSigmas([100, 5])(linearInLogAlpha(noising))).timesteps)).toEqual([565, 953]);
  });

  it('have no signal on the way to a timestep without signal', () => {
    const ending = pathOf(linearInLogAlpha(right(ddpm(reciprocalBetas(10)))));
    expect(ending.levelAt(8.5)).toEqual({ alpha: 0, sigma: 1, t: 8.5 });
  });
});
