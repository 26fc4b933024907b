/** Loads across the vectors: four neighbours at a time, from four rows, exchanged in registers. */
import { set, v128 } from '../assembler.js';
import type { Local, Statement } from '../assembler.js';
import { loaded } from './access.js';
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

const [row0, row1, row2, row3] = ['row0', 'row1', 'row2', 'row3'].map((name) => v128.local(name)) as [
  Local<'v128'>,
  Local<'v128'>,
  Local<'v128'>,
  Local<'v128'>,
];
const [pair0, pair1, pair2, pair3] = ['pair0', 'pair1', 'pair2', 'pair3'].map((name) => v128.local(name)) as [
  Local<'v128'>,
  Local<'v128'>,
  Local<'v128'>,
  Local<'v128'>,
];

/** Sets the vectors of four neighbours along a level; null where the choice has no such neighbours. */
export const transposed = (
  standing: Standing,
  choice: Choice,
  pointer: Pointer,
  level: number,
  localOf: (choice: Choice) => Local<'v128'>,
): { readonly statements: readonly Statement[]; readonly locals: readonly Local<'v128'>[] } | null => {
  const first = choice[level]! - (choice[level]! % LANES);
  if (first + LANES > (standing.blocks[level]?.parts.length ?? 0)) return null;
  const along = (part: number): Choice => choice.map((chosen, at) => (at === level ? part : chosen));
  const place = placeOf(standing, along(first), pointer);
  if (place.lanes === 1) return null;
  const row = (which: number) =>
    loaded({
      ...place,
      elements: place.elements + Math.min(which, place.lanes - 1) * place.stride,
      stride: 1,
      lanes: LANES,
    });
  const locals = [0, 1, 2, 3].map((which) => localOf(along(first + which)));
  const [a, b, c, d] = locals as [Local<'v128'>, Local<'v128'>, Local<'v128'>, Local<'v128'>];
  return {
    locals,
    statements: [
      ...[row0, row1, row2, row3].map((local, which) => set(local, row(which))),
      set(pair0, v128.shuffle32(row0, row1, [0, 4, 1, 5])),
      set(pair1, v128.shuffle32(row2, row3, [0, 4, 1, 5])),
      set(pair2, v128.shuffle32(row0, row1, [2, 6, 3, 7])),
      set(pair3, v128.shuffle32(row2, row3, [2, 6, 3, 7])),
      set(a, v128.shuffle32(pair0, pair1, [0, 1, 4, 5])),
      set(b, v128.shuffle32(pair0, pair1, [2, 3, 6, 7])),
      set(c, v128.shuffle32(pair2, pair3, [0, 1, 4, 5])),
      set(d, v128.shuffle32(pair2, pair3, [2, 3, 6, 7])),
    ],
  };
};
