import { expect, test } from 'vitest';
import { separate } from './multiplyAdd.js';
import { chooseTiles } from './pairing.js';
import { NARROW_TILES, WIDE_TILES } from './tiles.js';

test('wide tiles are chosen where they take at most 0.8 of the time', () => {
  const { isWide, tiles, ratio } = chooseTiles(separate);
  expect(isWide).toBe(ratio <= 0.8); // false if it is NaN
  expect(tiles).toBe(isWide ? WIDE_TILES : NARROW_TILES);
});
