import { describe, expect, it } from 'vitest';
import { right } from '../../properties/diffusion/run.js';
import { E, F } from '../internal/fp.js';
import { emptyHistory, importanceProbabilities, recordLosses } from './lossHistory.js';

describe('a history of losses', () => {
  it('keeps the last of each timestep, and changes no earlier history', () => {
    const before = emptyHistory(3, 2);
    const after = right(
      F.pipe(before, recordLosses([0, 2, 0], [1, 2, 3]), E.flatMap(recordLosses([0, 1], [4, 5]))),
    );
    expect(after.losses).toEqual([[3, 4], [5], [2]]);
    expect(before.losses).toEqual([[], [], []]);
  });

  it('draws uniformly until each timestep has its losses, then by the root of their second moments', () => {
    const half = right(recordLosses([0, 0], [9, 9])(emptyHistory(2, 2)));
    expect([...importanceProbabilities(half)]).toEqual([0.5, 0.5]);
    const full = right(recordLosses([1, 1], [1, 7])(half));
    // √81 = 9 and √((1 + 49)/2) = 5, with a share of 0.001 that is uniform
    const [first, second] = importanceProbabilities(full);
    expect(first).toBeCloseTo((0.999 * 9) / 14 + 0.0005, 15);
    expect(second).toBeCloseTo((0.999 * 5) / 14 + 0.0005, 15);
  });

  it('whose losses are all 0 is uniform', () => {
    const zero = right(recordLosses([0, 1], [0, 0])(emptyHistory(2, 1)));
    expect([...importanceProbabilities(zero)]).toEqual([0.5, 0.5]);
  });

  it.each([
    [[3], [1], 'a timestep of 0 to 2 for each loss, got 3'],
    [[0.5], [1], 'got 0.5'],
    [[0, 1], [1], 'got 2 for 1'],
    [[0, 1], [1, Number.NaN], 'finite losses, got NaN at t = 1'],
  ])('refuses t %j with losses %j', (t, losses, message) => {
    const made = recordLosses(t, losses)(emptyHistory(3));
    expect(E.isLeft(made) && made.left.message).toContain(message);
  });
});
