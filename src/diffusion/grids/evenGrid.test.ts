import { describe, expect, it } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { edm, rectifiedFlow, trigonometric } from '../paths/continuousNoising.js';
import { ddpm } from '../paths/discreteNoising.js';
import type { Noising } from '../paths/noising.js';
import { evenGrid } from './evenGrid.js';
import { gridOf, trailing } from './grid.js';

describe('evenGrid', () => {
  it('has the times of SD3 for s = 3, from 1 on, and those of a number of steps for s = 1', () => {
    expect(right(evenGrid(4, { shift: 3 })(rectifiedFlow()))).toEqual([1, 0.9, 0.75, 0.5]);
    expect(right(gridOf(4)(trigonometric()))).toEqual([1, 0.75, 0.5, 0.25]);
    expect(right(evenGrid(4)(trigonometric()))).toEqual([1, 0.75, 0.5, 0.25]);
  });

  it('shifts the timesteps of a schedule, as the 1000 of FlowMatchEulerDiscreteScheduler', () => {
    const noising = right(ddpm(cosine(1000)));
    // 1000·s·u/(1 + (s - 1)·u) - 1 for u = 1, 3/4, 1/2, 1/4
    expect(right(evenGrid(4, { shift: 3 })(noising))).toEqual([999, 899, 749, 499]);
    right(evenGrid(3, { shift: 2 })(noising)).forEach((t, i) =>
      expect(t).toBeCloseTo([999, 1000 * ((2 * 2) / 5) - 1, 1000 / 2 - 1][i]!, 5),
    );
  });

  it('stretches shifted times to a last one, as stretch_shift_to_terminal of FlowMatchEulerDiscreteScheduler', () => {
    // LTX-Video: sigmas = linspace(1, 1/n, n), shifted by e^mu, with shift_terminal 0.1
    const [n, shift, terminal] = [5, Math.exp(0.95), 0.1];
    const shifted = [1, 0.8, 0.6, 0.4, 0.2].map((t) => shift / (shift + (1 / t - 1)));
    const factor = (1 - shifted[n - 1]!) / (1 - terminal);
    const times = right(gridOf(evenGrid(n, { shift, terminal }))(rectifiedFlow()));
    times.forEach((t, i) => expect(t).toBeCloseTo(1 - (1 - shifted[i]!) / factor, 14));
    expect(times[0]).toBe(1);
    expect(times.at(-1)).toBeCloseTo(terminal, 15);
    // as fractions of 1000 timesteps
    const noising = right(ddpm(cosine(1000)));
    right(evenGrid(2, { terminal: 0.25 })(noising)).forEach((t, i) => expect(t).toBeCloseTo([999, 249][i]!, 5));
  });

  it.each([1, 2, 4, 5, 8, 40, 125, 500, 1000])('is trailing(%d) of a schedule without a shift', (steps) => {
    const noising = right(ddpm(cosine(1000)));
    expect(right(evenGrid(steps)(noising))).toEqual(right(trailing(steps)(noising)));
  });

  it('is trailing before it is rounded', () => {
    const noising = right(ddpm(cosine(1000)));
    right(evenGrid(7)(noising)).forEach((t, i) => expect(t).toBeCloseTo((1000 * (7 - i)) / 7 - 1, 5));
    expect(right(evenGrid(7)(noising)).map(Math.round)).toEqual(right(trailing(7)(noising)));
  });

  it('begins at 1 for every shift, however it rounds', () => {
    for (let shift = 0.05; shift < 12; shift *= 1.07) {
      const times = right(gridOf(evenGrid(7, { shift }))(rectifiedFlow()));
      expect(times[0]).toBe(1);
    }
  });

  it.each<readonly [string, number, object, Noising, string]>([
    ['more steps than timesteps', 11, {}, right(ddpm(cosine(10))), 'evenGrid: expected steps that begin at the 10 timesteps of the process, got 11, of which the last begins at timestep -0.09'],
    ['a shift to the data of timesteps', 10, { shift: 0.5 }, right(ddpm(cosine(10))), 'take fewer steps, or a shift of at least 1'],
    ['σ', 4, {}, edm(), 'evenGrid: expected a continuous path over [0, 1], got a path of σ, which has no end'],
    ['a shift of 0', 4, { shift: 0 }, rectifiedFlow(), 'evenGrid.shift: expected a finite number above 0, got 0; SD3 uses 3 at 1024×1024'],
    ['a last time of 1', 4, { terminal: 1 }, rectifiedFlow(), 'evenGrid.terminal: expected a time between 0 and 1, got 1; LTX-Video uses 0.1'],
    ['a last time of the first step', 1, { terminal: 0.1 }, rectifiedFlow(), 'evenGrid.terminal: expected none for one step, whose time is 1, got 0.1; take 2 steps or more'],
    ['no steps', 0, {}, rectifiedFlow(), 'evenGrid: expected'],
    ['half a step', 0.5, {}, rectifiedFlow(), 'evenGrid: expected'],
  ])('refuses %s', (_, steps, options, noising, message) => {
    const result = evenGrid(steps, options)(noising);
    expect(E.isLeft(result) && result.left.message).toContain(message);
  }); // oxfmt-ignore
});
