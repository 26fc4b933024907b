/** Loads across the vectors: four neighbours at a time, from four rows, exchanged in registers. */
import { loaded } from './access.js';
import { set, shuffling, type Slot, type Statement } from './code.js';
import type { Tools } from './elementary.js';
import { type Choice, placeOf, type Pointer, type Standing } from './places.js';
import { LANES, type Schedule } from './schedule.js';

/**
 * The level along which an access that strides across the vectors has its elements side by side, if
 * four neighbours are unrolled there; -1 if there is none.
 */
export const levelAcross = ({ vector, running, fixed }: Schedule, strides: readonly number[]): number => {
  if (vector < 0 || Math.abs(strides[vector]!) < 2) return -1;
  return [...running, ...fixed].findIndex(
    ({ loop, blocks }) =>
      loop !== vector && strides[loop] === 1 && blocks.some(({ parts }) => parts.length >= LANES),
  );
};

const NEIGHBOURS = [0, 1, 2, 3];

/** The exchange of a 4×4 block: first within pairs of rows, then within pairs of pairs. */
const lower = shuffling([0, 4, 1, 5]);
const upper = shuffling([2, 6, 3, 7]);
const firsts = shuffling([0, 1, 4, 5]);
const seconds = shuffling([2, 3, 6, 7]);

/** Sets the vectors of four neighbours along a level; null where the choice has no such neighbours. */
export const transposed = (
  standing: Standing,
  choice: Choice,
  pointer: Pointer,
  level: number,
  slotOf: (choice: Choice) => Slot<'v128'>,
  { temporaries: [row0, row1, row2, row3, pair0, pair1, pair2, pair3] }: Tools,
): { readonly statements: readonly Statement[]; readonly choices: readonly Choice[] } | null => {
  const first = choice[level]! - (choice[level]! % LANES);
  if (first + LANES > (standing.blocks[level]?.parts.length ?? 0)) return null;
  const choices = [0, 1, 2, 3].map((which) =>
    choice.map((part, at) => (at === level ? first + which : part)),
  );
  const place = placeOf(standing, choices[0]!, pointer);
  const { lanes } = place;
  if (lanes.length === 1) return null;
  const row = (which: number) =>
    loaded({
      ...place,
      elements: place.elements + lanes[Math.min(which, lanes.length - 1)]!,
      lanes: NEIGHBOURS,
    });
  const [a, b, c, d] = choices.map(slotOf) as [Slot<'v128'>, Slot<'v128'>, Slot<'v128'>, Slot<'v128'>]; // four of four
  return {
    choices,
    statements: [
      ...[row0, row1, row2, row3].map((slot, which) => set(slot, row(which))),
      set(pair0, lower(row0, row1)),
      set(pair1, lower(row2, row3)),
      set(pair2, upper(row0, row1)),
      set(pair3, upper(row2, row3)),
      set(a, firsts(pair0, pair1)),
      set(b, seconds(pair0, pair1)),
      set(c, firsts(pair2, pair3)),
      set(d, seconds(pair2, pair3)),
    ],
  };
};
