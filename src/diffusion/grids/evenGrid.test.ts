import { describe, expect, it } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import { cosine } from '../levels/alphaBarSchedules.js';
import { edm, rectifiedFlow, trigonometric } from '../levels/continuousNoising.js';
import { ddpm } from '../levels/discreteNoising.js';
import type { Noising } from '../levels/noising.js';
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
    ['no steps', 0, {}, rectifiedFlow(), 'evenGrid: expected'],
    ['half a step', 0.5, {}, rectifiedFlow(), 'evenGrid: expected'],
  ])('refuses %s', (_, steps, options, noising, message) => {
    const made = evenGrid(steps, options)(noising);
    expect(E.isLeft(made) && made.left.message).toContain(message);
  }); // prettier-ignore
});
