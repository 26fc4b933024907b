/** Four neighbours along a loop as one vector. */
import { tilesOf } from './tile.js';
import type { Width } from './types.js';
import { type View, viewsOf, type Work } from './work.js';

export interface Vectors {
  /** The loop along which vectors lie, or -1. */
  readonly loop: number;
  /** By binding: the width of the elements of its array. */
  readonly widths: readonly Width[];
}

/** Whether an access is one aligned vector along a loop, wherever the other loops are. */
const isAligned = ({ offset, strides }: View, vector: number): boolean =>
  strides[vector] === 1 &&
  offset % 4 === 0 &&
  strides.every((stride, loop) => loop === vector || stride % 4 === 0);

/**
 * Vectors along a loop. A binding that something else than whole vectors is stored into holds single numbers:
 * who writes one number of a vector may write the others too.
 */
const along = (work: Work, loop: number): Vectors => {
  const { stores, bindings } = work;
  const wide = new Set(
    viewsOf(work)
      .filter((v) => isAligned(v, loop))
      .map((v) => v.binding),
  );
  for (const store of stores) if (!isAligned(store, loop)) wide.delete(store.binding);
  return { loop, widths: bindings.map((_, b) => (wide.has(b) ? 4 : 1)) };
};

const none = ({ bindings }: Work): Vectors => ({ loop: -1, widths: bindings.map(() => 1) });

/** Whether an access is a vector of its binding. */
export const isVector = (view: View, { loop, widths }: Vectors): boolean =>
  loop >= 0 && widths[view.binding] === 4 && isAligned(view, loop);

/**
 * Vectors along a loop, where that gives more accesses of whole vectors than it takes apart. The last may hang over
 * where the work is `flat`.
 */
export const vectorsOf = (work: Work, loop: number | undefined, flat: boolean): Vectors => {
  if (loop === undefined || (!flat && work.nest.loops[loop]!.extent % 4 !== 0)) return none(work);
  const vectors = along(work, loop);
  const moving = viewsOf(work).filter(({ strides }) => strides[loop] !== 0);
  const whole = moving.filter((view) => isVector(view, vectors)).length;
  const least = tilesOf(work).length > 0 ? whole - 0.5 : whole; // tiles are better than half of the accesses
  return 2 * least >= moving.length ? vectors : none(work);
};
