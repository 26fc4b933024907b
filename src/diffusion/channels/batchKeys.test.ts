import { describe, expect, it } from 'vitest';
import { numbersOf, outcomeOf } from '../../../properties/diffusion/run.js';
import { foldIn, normal, normalLike, zeros } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { drawnBy } from './batchKeys.js';

const batch = zeros(3, 2, 2);

describe('drawnBy', () => {
  it('with one key draws the whole batch', async () => {
    expect(await numbersOf((key) => drawnBy(key, normalLike)(batch))).toEqual(
      await numbersOf((key) => normalLike(key, batch)),
    );
  });

  it('with a key for each sample draws each sample with its key', async () => {
    const places = [5, 0, 7];
    const all = await numbersOf((key) =>
      drawnBy(
        places.map((place) => foldIn(key, place)),
        normalLike,
      )(batch),
    );
    for (const [i, place] of places.entries())
      expect(all.slice(4 * i, 4 * i + 4)).toEqual(await numbersOf((key) => normal(foldIn(key, place), 2, 2)));
  });

  it('needs as many keys as samples', async () => {
    const samples = await outcomeOf((key) => drawnBy([foldIn(key, 0)], normalLike)(batch))();
    expect(E.isLeft(samples) && samples.left.message).toContain(
      'expected one key for the batch, or one for each of 3 samples, got 1',
    );
  });
});
