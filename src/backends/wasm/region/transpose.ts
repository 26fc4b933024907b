/** Loads that stride across the vector loop: loads 4×4 blocks as rows and transposes them in registers. */
import { loaded } from './access.js';
import { set, laneShuffle, type Slot, type Statement } from './code.js';
import type { Toolbox } from './tools.js';
import { type Choice, locationOf, type Pointer, type LoopState } from './loopState.js';
import { LANES, type Schedule } from './schedule.js';

/**
 * For an access that strides across the vector loop: the level along which it is contiguous, if four neighbours are
 * unrolled there. Otherwise -1.
 */
export const transposeLevel = ({ vector, running, fixed }: Schedule, strides: readonly number[]): number => {
  if (vector < 0 || Math.abs(strides[vector]!) < 2) return -1;
  return [...running, ...fixed].findIndex(
    ({ loop, blocks }) => loop !== vector && strides[loop] === 1 && blocks.some(({ parts }) => parts.length >= LANES),
  );
};

const NEIGHBOURS = [0, 1, 2, 3];

/** Shuffles that transpose a 4×4 block: first within pairs of rows, then between the pairs. */
const lower = laneShuffle([0, 4, 1, 5]);
const upper = laneShuffle([2, 6, 3, 7]);
const firsts = laneShuffle([0, 1, 4, 5]);
const seconds = laneShuffle([2, 3, 6, 7]);

/** Sets the vectors of four neighbours along a level; null if the choice has no four such neighbours. */
export const loadTransposed = (
  state: LoopState,
  choice: Choice,
  pointer: Pointer,
  level: number,
  slotOf: (choice: Choice) => Slot<'v128'>,
  { temporary }: Toolbox,
): { readonly statements: readonly Statement[]; readonly choices: readonly Choice[] } | null => {
  const first = choice[level]! - (choice[level]! % LANES);
  if (first + LANES > (state.blocks[level]?.parts.length ?? 0)) return null;
  const choices = [0, 1, 2, 3].map((which) => choice.map((part, at) => (at === level ? first + which : part)));
  const location = locationOf(state, choices[0]!, pointer);
  const { lanes } = location;
  if (lanes.length === 1) return null;
  const row = (which: number) =>
    loaded({
      ...location,
      elements: location.elements + lanes[Math.min(which, lanes.length - 1)]!,
      lanes: NEIGHBOURS,
    });
  const [row0, row1, row2, row3] = [temporary(0), temporary(1), temporary(2), temporary(3)];
  const [pair0, pair1, pair2, pair3] = [temporary(4), temporary(5), temporary(6), temporary(7)];
  // `choices` has four elements
  const [a, b, c, d] = choices.map(slotOf) as [Slot<'v128'>, Slot<'v128'>, Slot<'v128'>, Slot<'v128'>];
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
