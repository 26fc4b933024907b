import { expect, it } from 'vitest';
import { numbersOf, right } from '../../../properties/diffusion/run.js';
import { iota, ones, zeros } from '../../dsl/index.js';
import { scheduleFromBetas } from '../schedules/schedule.js';
import { clippedLogVariances, qPosterior } from './posterior.js';
import { ddpm } from './discreteNoising.js';

it('of a process of one timestep is x_0 itself, with log β̃ clipped to log 10⁻²⁰', async () => {
  const noising = right(ddpm(scheduleFromBetas([0.36])));
  expect(Array.from(clippedLogVariances(noising))).toEqual([Math.log(1e-20)]);
  const posterior = () => qPosterior(noising)(iota(1))(ones(1, 1), zeros(1, 1));
  expect(await numbersOf(() => posterior().mean)).toEqual([1]);
  expect(await numbersOf(() => posterior().variance)).toEqual([0]);
});

it('has log β̃ of the next timestep at t = 0, where β̃ is 0', () => {
  const noising = right(ddpm(scheduleFromBetas([0.36, 0.4375, 0.5])));
  const logs = clippedLogVariances(noising);
  // (1 - ᾱ_{t-1})/(1 - ᾱ_t)·β_t, with ᾱ = 0.64, 0.36, 0.18
  const expected = [(0.36 / 0.64) * 0.4375, (0.36 / 0.64) * 0.4375, (0.64 / 0.82) * 0.5].map(Math.log);
  logs.forEach((log, t) => expect(Math.abs(log - expected[t]!)).toBeLessThan(8 * 2 ** -52));
});
