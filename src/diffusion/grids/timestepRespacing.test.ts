import { describe, expect, it } from 'vitest';
import type { NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { type Grid, spaced, atTimes } from './grid.js';
import { ddimStride, sections, timestepRespacing } from './timestepRespacing.js';
import { type DiscreteNoising, noisingOf } from '../paths/discreteNoising.js';

const right = <A>(either: either.Either<NoisefoldError, A>): A => {
  if (E.isLeft(either)) throw new Error(either.left.message);
  return either.right;
};
const noisingOfLength = (T: number): DiscreteNoising => noisingOf(right(cosine(T)));
const timesteps = (grid: Grid, T: number): readonly number[] => right(grid(noisingOfLength(T)));
const message = (grid: Grid, T: number): string => {
  const result = grid(noisingOfLength(T));
  return E.isLeft(result) ? result.left.message : 'right';
};

describe('sections', () => {
  // by space_timesteps of guided-diffusion
  it('agree with guided-diffusion', () => {
    expect(timesteps(sections([2, 1, 3]), 300)).toEqual([299, 250, 200, 100, 99, 0]);
    expect(timesteps(sections([3, 2]), 11)).toEqual([10, 6, 5, 2, 0]);
    expect(timesteps(sections([2, 2, 2]), 11)).toEqual([10, 8, 7, 4, 3, 0]);
    expect(timesteps(sections([1]), 1000)).toEqual([0]);
    expect(timesteps(sections([2, 0, 2]), 9)).toEqual([8, 6, 2, 0]);
  });

  it('a single section is spaced, except for one step; and timesteps fall', () => {
    for (const steps of [2, 7, 21, 250, 1000])
      expect(timesteps(sections([steps]), 1000)).toEqual(timesteps(spaced(steps), 1000));
    for (const counts of [
      [10, 10, 5],
      [90, 60, 60, 20, 20],
      [1, 1, 1],
    ])
      expect(timesteps(atTimes(timesteps(sections(counts), 1000)), 1000)).toHaveLength(counts.reduce((a, b) => a + b));
  });

  it('refuse invalid counts, and a count larger than its section', () => {
    for (const counts of [[], [0], [0, 0], [-1], [2.5], [NaN], [10, Infinity]])
      expect(message(sections(counts), 1000)).toContain('sections: expected whole numbers');
    expect(message(sections([1001]), 1000)).toContain('got 1001 of a section of 1000');
    expect(message(sections([3, 4, 3]), 10)).toContain('got 4 of a section of 3');
    expect(message(sections([1, 1, 1]), 2)).toContain('got 1 of a section of 0');
  });
});

describe('ddimStride', () => {
  it('takes the smallest stride with the given number of multiples', () => {
    expect(timesteps(ddimStride(25), 1000)).toEqual(Array.from({ length: 25 }, (_, i) => 960 - 40 * i));
    expect(timesteps(ddimStride(1000), 1000)).toHaveLength(1000);
    expect(timesteps(ddimStride(3), 10)).toEqual([8, 4, 0]); // by 4, though 5 has two and 3 has four
    expect(timesteps(ddimStride(2), 10)).toEqual([5, 0]);
  });

  it('refuses a count without a stride, and names the nearest ones', () => {
    expect(message(ddimStride(300), 1000)).toContain('got 300; take 334 or 250 steps');
    expect(message(ddimStride(1), 1000)).toContain('take 2 steps');
    expect(message(ddimStride(1001), 1000)).toContain('take 1000 steps');
    for (const steps of [0, -1, 2.5, NaN]) expect(message(ddimStride(steps), 1000)).toContain(`got ${steps};`);
    expect(message(ddimStride(1), 1)).toContain('take everyStep');
  });
});

describe('timestepRespacing', () => {
  it('reads the notation of guided-diffusion', () => {
    expect(timesteps(timestepRespacing('10,10,5'), 1000)).toEqual(timesteps(sections([10, 10, 5]), 1000));
    expect(timesteps(timestepRespacing('10, 5'), 1000)).toEqual(timesteps(sections([10, 5]), 1000));
    expect(timesteps(timestepRespacing('250'), 1000)).toEqual(timesteps(sections([250]), 1000));
    expect(timesteps(timestepRespacing('ddim25'), 1000)).toEqual(timesteps(ddimStride(25), 1000));
  });

  it('refuses anything else', () => {
    for (const text of ['', 'ddim', 'ddim2.5', 'ddim-1', '10,', ',', '1.5', '-3', 'ten', '10;5'])
      expect(message(timestepRespacing(text), 1000)).toContain(`got '${text}'`);
    expect(message(timestepRespacing('ddim300'), 1000)).toContain('ddimStride');
    expect(message(timestepRespacing('0'), 1000)).toContain('sections');
  });
});
