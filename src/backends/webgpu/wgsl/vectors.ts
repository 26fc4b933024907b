/** Vectorization: four neighbouring iterations of a loop are computed as one vector. */
import { tilesOf } from './tile.js';
import type { Width } from './library/types.js';
import { type View, viewsOf, type BoundNest } from './boundNest.js';

export interface Vectors {
  /** The vectorized loop, or -1. */
  readonly loop: number;
  /** Indexed by binding: the width of its array elements. */
  readonly widths: readonly Width[];
}

/** True if an access is an aligned vector along a loop, at every index of the other loops. */
const isAligned = ({ offset, strides }: View, vector: number): boolean =>
  strides[vector] === 1 && offset % 4 === 0 && strides.every((stride, loop) => loop === vector || stride % 4 === 0);

/**
 * Vectorizes a loop. If any store to a binding is not a whole vector, its array has single elements, because a write to
 * one component of a vector may write the other components too.
 */
const along = (bound: BoundNest, loop: number): Vectors => {
  const { stores, bindings } = bound;
  const wide = new Set(
    viewsOf(bound)
      .filter((v) => isAligned(v, loop))
      .map((v) => v.binding),
  );
  for (const store of stores) if (!isAligned(store, loop)) wide.delete(store.binding);
  return { loop, widths: bindings.map((_, b) => (wide.has(b) ? 4 : 1)) };
};

const none = ({ bindings }: BoundNest): Vectors => ({ loop: -1, widths: bindings.map(() => 1) });

/** True if an access is one vector element of its binding. */
export const isVector = (view: View, { loop, widths }: Vectors): boolean =>
  loop >= 0 && widths[view.binding] === 4 && isAligned(view, loop);

/**
 * Vectorizes a loop if at least half of the accesses along it become whole vectors. The extent must be a multiple of
 * four, unless the nest is `flat`: then the last vector may extend beyond the end.
 */
export const vectorsOf = (bound: BoundNest, loop: number | undefined, flat: boolean): Vectors => {
  if (loop === undefined || (!flat && bound.nest.loops[loop]!.extent % 4 !== 0)) return none(bound);
  const vectors = along(bound, loop);
  const moving = viewsOf(bound).filter(({ strides }) => strides[loop] !== 0);
  const whole = moving.filter((view) => isVector(view, vectors)).length;
  const least = tilesOf(bound).length > 0 ? whole - 0.5 : whole; // if exactly half of the accesses are vectors, tiles are better
  return 2 * least >= moving.length ? vectors : none(bound);
};
