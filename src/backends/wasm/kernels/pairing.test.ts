import { expect, test } from 'vitest';
import { separate } from './multiplyAdd.js';
import { chooseTiles, choiceOf, type Trial } from './pairing.js';
import { NARROW_TILES, WIDE_TILES } from './tiles.js';

/** A kernel that takes `first` milliseconds, then `later`, with these bits before and after it is optimized. */
const trial = (first: number, later: number, bits = 7, laterBits = bits): Trial => {
  let [runs, reads] = [0, 0];
  return {
    measure: () => (runs++ === 0 ? first : later),
    bits: () => Int32Array.of(3, reads++ === 0 ? bits : laterBits),
  };
};
const narrow = () => trial(3, 1);
const inNarrow = { isWide: false, tiles: NARROW_TILES };

test('wide tiles are chosen if they take at most 0.8 of the time', () => {
  expect(choiceOf(narrow(), trial(3, 0.7))).toEqual({ isWide: true, tiles: WIDE_TILES, ratio: 0.7 });
  expect(choiceOf(narrow(), trial(3, 0.9))).toEqual({ ...inNarrow, ratio: 0.9 });
  expect(choiceOf(narrow(), trial(3, 1.6))).toEqual({ ...inNarrow, ratio: 1.6 });
});

test('wide tiles with other bits, before or after they are optimized, are not chosen', () => {
  expect(choiceOf(narrow(), trial(3, 0.5, 8))).toMatchObject(inNarrow);
  expect(choiceOf(narrow(), trial(3, 0.5, 7, 8))).toMatchObject(inNarrow);
});

test('without optimized code nothing is compared', () => {
  expect(choiceOf(narrow(), trial(1, 0.7))).toEqual({ ...inNarrow, ratio: NaN });
  expect(choiceOf(trial(1, 0.9), trial(1, 0.2))).toEqual({ ...inNarrow, ratio: NaN });
});

test('the kernels of this engine can be measured', () => {
  const { isWide, tiles, ratio } = chooseTiles(separate);
  expect(tiles).toBe(isWide ? WIDE_TILES : NARROW_TILES);
  expect(Number.isNaN(ratio) || ratio > 0).toBe(true);
});
