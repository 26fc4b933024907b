/** Loops to unroll beside the one that vectors lie along. */
import { MOST_ACCUMULATORS } from './accumulate.js';
import type { Nest } from '../../shared/regions/nest.js';
import { descending, LANES, type Level, stepping, tiling } from './schedule.js';

export interface Unrolling {
  readonly loop: number;
  readonly level: Level;
}

/** How a load across the vectors is walked: outside of the vectors' level, and inside it. */
export interface Crossing {
  readonly loop: number;
  readonly outer: Level;
  /** How many vectors at a time. */
  readonly vectors: number;
  readonly inner: readonly Level[];
}

/** Floats in a cache line. */
const LINE = 16;

const accessesOf = (nest: Nest): readonly (readonly number[])[] => [
  ...nest.loads,
  ...nest.stores.map(({ strides }) => strides),
];

/** Whether most of what is contiguous along the vectors goes on, at the end of their loop, along another. */
const goesOn = (nest: Nest, vector: number, loop: number): boolean => {
  const contiguous = accessesOf(nest).filter((strides) => strides[vector] === 1);
  const on = contiguous.filter((strides) => strides[loop] === nest.loops[vector]!.extent);
  return 2 * on.length > contiguous.length;
};

/** The loop of a kind that memory goes on along; -1 if there is none. */
const nextAlong = (nest: Nest, vector: number): number =>
  nest.loops.findIndex(
    (_, loop) => loop !== vector && !nest.loops[loop]!.reduced && goesOn(nest, vector, loop),
  );

const divisors = (n: number): readonly number[] =>
  Array.from({ length: Math.min(n, LINE) }, (_, i) => i + 1).filter((d) => n % d === 0);

/** Several runs of the vectors at once, where the runs are short and memory goes on with the next. */
export const adjacent = (nest: Nest, vector: number, most: number): Unrolling | null => {
  const loop = nextAlong(nest, vector);
  if (loop < 0) return null;
  const { extent } = nest.loops[loop]!;
  const count = Math.max(...divisors(extent).filter((d) => d <= Math.max(1, most)));
  return count === 1 ? null : { loop, level: stepping(loop, extent, count) };
};

/**
 * The loop along which a load lies that strides across the vectors: four neighbours on it make four
 * vectors. Whole cache lines are used while they are near, of whichever side has its rows further apart.
 */
export const across = (nest: Nest, vector: number, effort: number): Crossing | null => {
  const crosses = (strides: readonly number[], loop: number): boolean =>
    Math.abs(strides[vector]!) > 1 && strides[loop] === 1;
  const loop = nest.loops.findIndex(
    ({ extent }, l) => l !== vector && extent >= LANES && nest.loads.some((strides) => crosses(strides, l)),
  );
  if (loop < 0) return null;
  const { extent } = nest.loops[loop]!;
  const read = Math.max(...nest.loads.filter((s) => crosses(s, loop)).map((s) => Math.abs(s[vector]!)));
  const written = Math.max(...nest.stores.map(({ strides }) => Math.abs(strides[loop]!)));
  if (effort <= 4 && extent % LINE === 0 && written > read)
    return {
      loop,
      outer: tiling(loop, extent, LINE),
      vectors: LINE / LANES,
      inner: [stepping(loop, LINE, LANES)],
    };
  const outer = descending(loop, extent, effort <= 12 ? [LINE, LANES] : [LANES]);
  return { loop, outer, vectors: 1, inner: [] };
};

/** By loop, how many iterations a reduction has at once beside its vectors. */
export const besideReduced = (
  nest: Nest,
  vector: number,
  vectors: number,
  isWhole: boolean,
): ReadonlyMap<number, number> => {
  const found = new Map<number, number>();
  const { extent, reduced } = nest.loops[vector]!;
  let accumulators = nest.stores.length * (reduced ? 1 : vectors);
  const next = isWhole ? nextAlong(nest, vector) : -1;
  // whole cache lines, if memory goes on with another result
  if (next >= 0 && extent % LINE !== 0 && nest.loops.some((loop, l) => loop.reduced && l !== vector)) {
    const room = divisors(nest.loops[next]!.extent).filter(
      (d) => d * accumulators <= MOST_ACCUMULATORS && d * vectors <= 2 * MOST_ACCUMULATORS,
    );
    const count = room.find((d) => (d * extent) % LINE === 0) ?? room.find((d) => d * extent >= 2 * LINE) ?? room.at(-1) ?? 1; // prettier-ignore
    if (count > 1) found.set(next, count);
    accumulators *= count;
  }
  const others = nest.loops.flatMap((loop, l) => (loop.reduced && l !== vector ? [l] : []));
  const terms = others.reduce((product, l) => product * nest.loops[l]!.extent, 1);
  const instances = vectors * (found.get(next) ?? 1);
  if (terms <= 4 && instances * terms <= 2 * MOST_ACCUMULATORS)
    others.forEach((l) => found.set(l, nest.loops[l]!.extent));
  else if (instances < 4 && accumulators < MOST_ACCUMULATORS && others.length > 0) {
    const last = others[others.length - 1]!;
    const count = Math.max(...divisors(nest.loops[last]!.extent).filter((d) => d * instances <= 4));
    if (count > 1) found.set(last, count);
  }
  return found;
};
