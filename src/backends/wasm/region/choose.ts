/** Chooses the schedule of a nest from its extents and strides. */
import { i32 } from '../assembler/assembler.js';
import type { Slot } from './code.js';
import { costOf } from './cost.js';
import { isFlat, type Nest } from '../../shared/regions/nest.js';
import {
  type FlatExtent, LANES, type Level, loopBits, type Schedule, scheduled, stepping, tiling, vectorized, vectorizedFlat, collapsedVectors,
} from './schedule.js'; // oxfmt-ignore
import { across, adjacent, unrolledBesideVectors } from './unroll.js';
import { type Analysed, elementsOf, vectorCost, vectorLoop, collapsibleLoop } from './vectorLoop.js';
import { totalCost } from './totalCost.js';
import { WORD_BYTES } from '../assembler/numbers.js';

/** Arithmetic on an extent that is passed as an argument. */
const flatExtent = (extent: Slot<'i32'>): FlatExtent => ({
  over: (size) => i32.shr_u(extent, Math.log2(size)),
  within: (size, part) => i32.shr_u(i32.and(extent, size - 1), Math.log2(part)),
});

/** Number of vectors to unroll so that loop overhead stays small, given the cost of one vector. */
const vectorsAtOnce = (cost: number): 1 | 2 | 4 => (cost <= 12 ? 4 : cost <= 40 ? 2 : 1);

/** The largest divisor of `n` that is at most `most`. */
const divisorUpTo = (n: number, most: number): number => {
  for (let d = Math.min(n, most); d > 1; d--) if (n % d === 0) return d;
  return 1;
};

/** Number of vectors of a loop to unroll: all if there are few, otherwise preferably a divisor of their number. */
const unrolledVectors = (extent: number, cost: number, target: number): number => {
  const vectors = Math.ceil(extent / LANES);
  if (vectors <= 8 && vectors * cost <= 96) return vectors;
  if (vectors <= Math.max(4, target) && vectors * cost <= 200) return vectors;
  const whole = divisorUpTo(Math.floor(extent / LANES), target);
  return whole > 1 || vectors < 4 * target ? whole : target;
};

/**
 * Levels that collapse the vector loop with another loop: with all iterations of that loop, or with as many as make
 * whole vectors. Null if there is no such loop or the result is too large to unroll.
 */
const collapsing = (nest: Nest, vector: number, cost: number, mostVectors: number): CollapsedLevels | null => {
  const collapsed = collapsibleLoop(nest, vector);
  if (collapsed === null) return null;
  const { outer, count } = collapsed;
  const { extent } = nest.loops[vector]!;
  const wide = nest.loops[outer]!.extent;
  const fits = (iterations: number, most: number): boolean => {
    const vectors = Math.ceil((iterations * extent) / LANES);
    return vectors <= mostVectors && vectors * cost <= most;
  };
  const iterations = fits(wide, 320) && wide * extent <= 48 ? wide : fits(count, 450) ? count : 0;
  if (iterations === 0) return null;
  return {
    outer,
    running: tiling(outer, wide, iterations),
    level: collapsedVectors(vector, extent, outer, iterations),
  };
};

interface CollapsedLevels {
  readonly outer: number;
  readonly running: Level;
  readonly level: Level;
}

const loopsWithout = ({ loops }: Nest, without: readonly (number | undefined)[]): readonly number[] =>
  loops.flatMap((_, loop) => (without.includes(loop) ? [] : [loop]));

const reducingCollapsed = (nest: Nest, vector: number, { outer, running, level }: CollapsedLevels): Schedule => {
  const isReduced = ({ loop }: Level): boolean => nest.loops[loop]!.reduced;
  const others = loopsWithout(nest, [vector, outer]).map((loop) => stepping(loop, nest.loops[loop]!.extent));
  const levels = [...others, running, level];
  return scheduled(vector, levels.filter((l) => !isReduced(l)), levels.filter(isReduced)); // oxfmt-ignore
};

const reductionSchedule = (analysed: Analysed, vector: number): Schedule => {
  const { nest } = analysed;
  const { extent, reduced } = nest.loops[vector]!;
  const cost = vectorCost(analysed, vector);
  const collapsedLevels = collapsing(nest, vector, cost, Math.floor(12 / nest.stores.length));
  if (collapsedLevels !== null) return reducingCollapsed(nest, vector, collapsedLevels);
  const target = reduced ? vectorsAtOnce(cost) : Math.max(1, Math.floor(8 / nest.stores.length));
  const unrolled = unrolledVectors(extent, cost, cost * target <= 200 ? target : 2);
  const along = vectorized(vector, extent, unrolled);
  const beside = unrolledBesideVectors(nest, vector, unrolled, Math.ceil(extent / LANES) <= unrolled);
  const level = (loop: number): Level => stepping(loop, nest.loops[loop]!.extent, beside.get(loop) ?? 1);
  const others = loopsWithout(nest, [vector]);
  const free = others.filter((loop) => !nest.loops[loop]!.reduced);
  // unrolled loops are innermost
  const outer = free.filter((loop) => !beside.has(loop));
  const inner = free.filter((loop) => beside.has(loop));
  const sums = others.filter((loop) => nest.loops[loop]!.reduced).map(level);
  return scheduled(
    vector,
    [...[...outer, ...inner].map(level), ...(reduced ? [] : [along])],
    reduced ? [...sums, along] : sums,
  );
};

/** Maximum bytes that a tile accesses, so that it stays in the L1 cache. */
const TILE_BYTES = 49152;

/** An alternative schedule. It is preferred if its cost is below this share of the plain schedule's cost. */
interface Variant {
  readonly schedule: Schedule;
  readonly below: number;
}

/**
 * Schedules that move one loop (or tiles of it) inwards, so that values which do not depend on it are computed less
 * often. Memory is then accessed in shorter runs, so the saving must be large enough: runs of whole vector loops need a
 * smaller saving than runs of the unrolled vectors only.
 */
const tiled = (nest: Nest, plain: Schedule, loop: number): readonly Variant[] => {
  const at = plain.running.findIndex((level) => level.loop === loop);
  const { extent } = nest.loops[loop]!;
  const inside = [...plain.running.slice(at + 1), ...plain.fixed].reduce((bits, level) => bits | loopBits(level), 0);
  const accesses = [...nest.loads, ...nest.stores.map(({ strides }) => strides)];
  const bytes = accesses.reduce((sum, strides) => sum + WORD_BYTES * elementsOf(nest, (l) => ((inside >> l) & 1) === 1 && strides[l] !== 0), 0); // oxfmt-ignore
  const tile = divisorUpTo(extent, Math.max(8, Math.floor(TILE_BYTES / bytes)));
  if (at < 0 || tile < Math.min(extent, 4)) return [];
  const rest = plain.running.slice(at + 1);
  const along = rest.filter((level) => level.loop === plain.vector);
  const others = rest.filter((level) => level.loop !== plain.vector);
  const begin = [...plain.running.slice(0, at), ...(tile === extent ? [] : [tiling(loop, extent, tile)]), ...others]; // oxfmt-ignore
  const variant = (end: readonly Level[], below: number): Variant => {
    const running = [...begin, ...end];
    return { schedule: { ...plain, running, free: running.length }, below };
  };
  const within = stepping(loop, tile);
  const whole = variant([within, ...along], 0.9);
  return along.length === 0 ? [whole] : [whole, variant([...along, within], 0.5)];
};

/** Levels of the vector loop, and of the loop along which memory continues if the vector loop is short. */
const innerLevels = (
  analysed: Analysed,
  vector: number,
): { readonly beside: number | undefined; readonly levels: readonly Level[] } => {
  const { nest } = analysed;
  const { extent } = nest.loops[vector]!;
  const cost = vectorCost(analysed, vector);
  const collapsedLevels = collapsing(nest, vector, cost, 12);
  if (collapsedLevels !== null)
    return { beside: collapsedLevels.outer, levels: [collapsedLevels.running, collapsedLevels.level] };
  const target = vectorsAtOnce(cost);
  const unrolled = unrolledVectors(extent, cost, target);
  const isWhole = Math.ceil(extent / LANES) <= unrolled;
  const beside = isWhole ? adjacent(nest, vector, Math.floor(target / unrolled)) : null;
  const along = vectorized(vector, extent, unrolled);
  return { beside: beside?.loop, levels: beside === null ? [along] : [beside.level, along] };
};

const freeSchedule = (analysed: Analysed, vector: number): Schedule => {
  const { nest, depends } = analysed;
  const { extent } = nest.loops[vector]!;
  const cost = vectorCost(analysed, vector);
  const crossing = across(nest, vector, cost);
  const level = (loop: number): Level => stepping(loop, nest.loops[loop]!.extent);
  if (crossing !== null) {
    const along = vectorized(vector, extent, crossing.vectors);
    const others = loopsWithout(nest, [vector, crossing.loop]).map(level);
    return scheduled(vector, [...others, crossing.outer, along, ...crossing.inner], []);
  }
  const inner = innerLevels(analysed, vector);
  const others = loopsWithout(nest, [vector, inner.beside]);
  const plain = scheduled(vector, [...others.map(level), ...inner.levels], []);
  const all = 2 ** nest.loops.length - 1;
  // every costly value depends on no loop or on all loops, so reordering saves nothing
  if (nest.body.every((a, i) => depends[i] === 0 || depends[i] === all || costOf(a) === 0)) return plain;
  const plainCost = totalCost(nest, depends, plain);
  const better = others
    .flatMap((loop) => tiled(nest, plain, loop))
    .map(({ schedule, below }) => ({
      schedule,
      share: totalCost(nest, depends, schedule) / plainCost / below,
    }))
    .filter(({ share }) => share < 1)
    .sort((a, b) => a.share - b.share);
  return better[0]?.schedule ?? plain;
};

/** Chooses the schedule of a nest. `extent` is the argument that holds the extent of a flat nest. */
export const scheduleOf = (nest: Nest, depends: readonly number[], extent: Slot<'i32'>): Schedule => {
  const analysed = { nest, depends };
  if (nest.loops.length === 0) return scheduled(-1, [], []);
  if (isFlat(nest))
    return scheduled(0, [vectorizedFlat(flatExtent(extent), vectorsAtOnce(vectorCost(analysed, 0)))], []);
  const vector = vectorLoop(analysed);
  return nest.loops.some(({ reduced }) => reduced)
    ? reductionSchedule(analysed, vector)
    : freeSchedule(analysed, vector);
};
