import { describe, expect, it } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import { cosine } from '../levels/alphaBarSchedules.js';
import { edm, rectifiedFlow, trigonometric } from '../levels/continuousNoising.js';
import { ddpm } from '../levels/discreteNoising.js';
import type { Noising } from '../levels/noising.js';
import { evenGrid } from './evenGrid.js';
import { gridOf } from './grid.js';

describe('evenGrid', () => {
  it('has the times of SD3 for s = 3, from 1 on, and those of a number of steps for s = 1', () => {
    expect(right(evenGrid(4, { shift: 3 })(rectifiedFlow()))).toEqual([1, 0.9, 0.75, 0.5]);
    expect(right(gridOf(4)(trigonometric()))).toEqual([1, 0.75, 0.5, 0.25]);
    expect(right(evenGrid(4)(trigonometric()))).toEqual([1, 0.75, 0.5, 0.25]);
  });

  it('begins at 1 for every shift, however it rounds', () => {
    for (let shift = 0.05; shift < 12; shift *= 1.07) {
      const times = right(gridOf(evenGrid(7, { shift }))(rectifiedFlow()));
      expect(times[0]).toBe(1);
    }
  });

  it.each<readonly [string, number, object, Noising, string]>([
    ['timesteps', 4, {}, right(ddpm(cosine(10))), 'evenGrid: expected a continuous path over [0, 1], got the timesteps of a schedule'],
    ['σ', 4, {}, edm(), 'evenGrid: expected a continuous path over [0, 1], got a path of σ, which has no end'],
    ['a shift of 0', 4, { shift: 0 }, rectifiedFlow(), 'evenGrid.shift: expected a finite number above 0, got 0; SD3 uses 3 at 1024×1024'],
    ['no steps', 0, {}, rectifiedFlow(), 'evenGrid: expected'],
    ['half a step', 0.5, {}, rectifiedFlow(), 'evenGrid: expected'],
  ])('refuses %s', (_, steps, options, noising, message) => {
    const made = evenGrid(steps, options)(noising);
    expect(E.isLeft(made) && made.left.message).toContain(message);
  }); // prettier-ignore
});
