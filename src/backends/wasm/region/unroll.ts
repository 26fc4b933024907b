/** Chooses which loops to unroll in addition to the vector loop. */
import { MAX_ACCUMULATORS } from './reductionPlan.js';
import type { Nest } from '../../shared/regions/nest.js';
import { descending, LANES, type Level, stepping, tiling } from './schedule.js';

/** A loop to unroll, and its level. */
export interface Unrolling {
  readonly loop: number;
  readonly level: Level;
}

/**
 * For a load that strides across the vector loop: the loop along which it is contiguous, and its levels, one outside
 * the vector loop's level and possibly one inside.
 */
export interface Crossing {
  readonly loop: number;
  readonly outer: Level;
  /** Vectors to unroll. */
  readonly vectors: number;
  readonly inner: readonly Level[];
}

/** 32-bit elements in a cache line. */
const LINE = 16;

const accessesOf = (nest: Nest): readonly (readonly number[])[] => [
  ...nest.loads,
  ...nest.stores.map(({ strides }) => strides),
];

/**
 * Tests if most accesses that are contiguous along the vector loop continue at its end with the next iteration of
 * `loop`.
 */
const continuesAlong = (nest: Nest, vector: number, loop: number): boolean => {
  const contiguous = accessesOf(nest).filter((strides) => strides[vector] === 1);
  const on = contiguous.filter((strides) => strides[loop] === nest.loops[vector]!.extent);
  return 2 * on.length > contiguous.length;
};

/** Finds the free loop whose next iteration continues in memory where the vector loop ends; -1 if no loop does. */
const continuationLoop = (nest: Nest, vector: number): number =>
  nest.loops.findIndex(
    (_, loop) => loop !== vector && !nest.loops[loop]!.reduced && continuesAlong(nest, vector, loop),
  );

const divisors = (n: number): readonly number[] =>
  Array.from({ length: Math.min(n, LINE) }, (_, i) => i + 1).filter((d) => n % d === 0);

/**
 * Unrolls several iterations of the loop along which memory continues, for short vector loops. Null if there is no such
 * loop.
 */
export const adjacent = (nest: Nest, vector: number, maxCount: number): Unrolling | null => {
  const loop = continuationLoop(nest, vector);
  if (loop < 0) return null;
  const { extent } = nest.loops[loop]!;
  const count = Math.max(...divisors(extent).filter((d) => d <= Math.max(1, maxCount)));
  return count === 1 ? null : { loop, level: stepping(loop, extent, count) };
};

/**
 * Chooses levels for a load that strides across the vector loop. Four neighbours along the loop in which the load is
 * contiguous make four vectors, by a transpose in registers. Whole cache lines are processed together, on the side
 * (loads or stores) with the larger stride. Null if there is no such load.
 */
export const across = (nest: Nest, vector: number, cost: number): Crossing | null => {
  const crosses = (strides: readonly number[], loop: number): boolean =>
    Math.abs(strides[vector]!) > 1 && strides[loop] === 1;
  const loop = nest.loops.findIndex(
    ({ extent }, l) => l !== vector && extent >= LANES && nest.loads.some((strides) => crosses(strides, l)),
  );
  if (loop < 0) return null;
  const { extent } = nest.loops[loop]!;
  const read = Math.max(...nest.loads.filter((s) => crosses(s, loop)).map((s) => Math.abs(s[vector]!)));
  const write = Math.max(...nest.stores.map(({ strides }) => Math.abs(strides[loop]!)));
  if (cost <= 4 && extent % LINE === 0 && write > read)
    return {
      loop,
      outer: tiling(loop, extent, LINE),
      vectors: LINE / LANES,
      inner: [stepping(loop, LINE, LANES)],
    };
  const outer = descending(loop, extent, cost <= 12 ? [LINE, LANES] : [LANES]);
  return { loop, outer, vectors: 1, inner: [] };
};

/** Iterations of other loops that a reduction unrolls in addition to its vectors, by loop. */
export const unrolledBesideVectors = (
  nest: Nest,
  vector: number,
  vectors: number,
  isWhole: boolean,
): ReadonlyMap<number, number> => {
  const counts = new Map<number, number>();
  const { extent, reduced } = nest.loops[vector]!;
  let accumulators = nest.stores.length * (reduced ? 1 : vectors);
  const next = isWhole ? continuationLoop(nest, vector) : -1;
  // uses whole cache lines if memory continues with the next result
  if (next >= 0 && extent % LINE !== 0 && nest.loops.some((loop, l) => loop.reduced && l !== vector)) {
    const room = divisors(nest.loops[next]!.extent).filter(
      (d) => d * accumulators <= MAX_ACCUMULATORS && d * vectors <= 2 * MAX_ACCUMULATORS,
    );
    const count = room.find((d) => (d * extent) % LINE === 0) ?? room.find((d) => d * extent >= 2 * LINE) ?? room.at(-1) ?? 1; // oxfmt-ignore
    if (count > 1) counts.set(next, count);
    accumulators *= count;
  }
  const others = nest.loops.flatMap((loop, l) => (loop.reduced && l !== vector ? [l] : []));
  const terms = others.reduce((product, l) => product * nest.loops[l]!.extent, 1);
  const instances = vectors * (counts.get(next) ?? 1);
  if (terms <= 4 && instances * terms <= 2 * MAX_ACCUMULATORS)
    others.forEach((l) => counts.set(l, nest.loops[l]!.extent));
  else if (instances < 4 && accumulators < MAX_ACCUMULATORS && others.length > 0) {
    const last = others[others.length - 1]!;
    const count = Math.max(...divisors(nest.loops[last]!.extent).filter((d) => d * instances <= 4));
    if (count > 1) counts.set(last, count);
  }
  return counts;
};
