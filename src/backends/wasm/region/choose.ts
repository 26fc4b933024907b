/** Which schedule a nest gets: by its extents and strides alone. */
import { i32 } from '../assembler/assembler.js';
import type { Slot } from './code.js';
import { effortOf } from './effort.js';
import { isFlat, type Nest } from '../../shared/regions/nest.js';
import {
  type FlatExtent, LANES, type Level, loopBits, type Schedule, scheduled, stepping, tiling, vectorized, vectorizedFlat, woven,
} from './schedule.js'; // prettier-ignore
import { across, adjacent, besideReduced } from './unroll.js';
import { type Analysed, elementsOf, perVector, vectorLoop, weaveAlong } from './vectorLoop.js';
import { workOf } from './work.js';

/** Arithmetic on an extent that an argument holds. */
const flatExtent = (extent: Slot<'i32'>): FlatExtent => ({
  over: (size) => i32.shr_u(extent, Math.log2(size)),
  within: (size, part) => i32.shr_u(i32.and(extent, size - 1), Math.log2(part)),
});

/** Vectors to work on at a time: as many as keep the loop's own cost small. */
const vectorsAtOnce = (effort: number): 1 | 2 | 4 => (effort <= 12 ? 4 : effort <= 40 ? 2 : 1);

/** The largest divisor of a number that is not larger than another. */
const divisorUpTo = (n: number, most: number): number => {
  for (let d = Math.min(n, most); d > 1; d--) if (n % d === 0) return d;
  return 1;
};

/** How many vectors of a loop to unroll: all of a few, otherwise the same number each time if it can be. */
const unrolledVectors = (extent: number, effort: number, wanted: number): number => {
  const vectors = Math.ceil(extent / LANES);
  if (vectors <= 8 && vectors * effort <= 96) return vectors;
  if (vectors <= Math.max(4, wanted) && vectors * effort <= 200) return vectors;
  const whole = divisorUpTo(Math.floor(extent / LANES), wanted);
  return whole > 1 || vectors < 4 * wanted ? whole : wanted;
};

/** Woven vectors: of all iterations of the outer loop, or as many as make whole vectors; null for none. */
const weaving = (nest: Nest, vector: number, effort: number, mostVectors: number): Woven | null => {
  const weave = weaveAlong(nest, vector);
  if (weave === null) return null;
  const { outer, count } = weave;
  const { extent } = nest.loops[vector]!;
  const wide = nest.loops[outer]!.extent;
  const fits = (iterations: number, most: number): boolean => {
    const vectors = Math.ceil((iterations * extent) / LANES);
    return vectors <= mostVectors && vectors * effort <= most;
  };
  const iterations = fits(wide, 320) && wide * extent <= 48 ? wide : fits(count, 450) ? count : 0;
  if (iterations === 0) return null;
  return { outer, running: tiling(outer, wide, iterations), level: woven(vector, extent, outer, iterations) };
};

interface Woven {
  readonly outer: number;
  readonly running: Level;
  readonly level: Level;
}

const loopsWithout = ({ loops }: Nest, without: readonly (number | undefined)[]): readonly number[] =>
  loops.flatMap((_, loop) => (without.includes(loop) ? [] : [loop]));

const reducingWoven = (nest: Nest, vector: number, { outer, running, level }: Woven): Schedule => {
  const isReduced = ({ loop }: Level): boolean => nest.loops[loop]!.reduced;
  const others = loopsWithout(nest, [vector, outer]).map((loop) => stepping(loop, nest.loops[loop]!.extent));
  const levels = [...others, running, level];
  return scheduled(vector, levels.filter((l) => !isReduced(l)), levels.filter(isReduced)); // prettier-ignore
};

const reducing = (analysed: Analysed, vector: number): Schedule => {
  const { nest } = analysed;
  const { extent, reduced } = nest.loops[vector]!;
  const effort = perVector(analysed, vector);
  const interlaced = weaving(nest, vector, effort, Math.floor(12 / nest.stores.length));
  if (interlaced !== null) return reducingWoven(nest, vector, interlaced);
  const wanted = reduced ? vectorsAtOnce(effort) : Math.max(1, Math.floor(8 / nest.stores.length));
  const unrolled = unrolledVectors(extent, effort, effort * wanted <= 200 ? wanted : 2);
  const along = vectorized(vector, extent, unrolled);
  const beside = besideReduced(nest, vector, unrolled, Math.ceil(extent / LANES) <= unrolled);
  const level = (loop: number): Level => stepping(loop, nest.loops[loop]!.extent, beside.get(loop) ?? 1);
  const others = loopsWithout(nest, [vector]);
  const kept = others.filter((loop) => !nest.loops[loop]!.reduced);
  // unrolled ones last
  const outer = kept.filter((loop) => !beside.has(loop));
  const inner = kept.filter((loop) => beside.has(loop));
  const sums = others.filter((loop) => nest.loops[loop]!.reduced).map(level);
  return scheduled(
    vector,
    [...[...outer, ...inner].map(level), ...(reduced ? [] : [along])],
    reduced ? [...sums, along] : sums,
  );
};

/** Bytes that a tile of a loop may touch, so that it stays in the nearest cache. */
const TILE_BYTES = 49152;

/** A schedule, and the share of the plain one's work that it has to be below to be preferred. */
interface Variant {
  readonly schedule: Schedule;
  readonly below: number;
}

/**
 * The schedule with one loop inside of those that values vary with which it does not change. Shorter runs
 * through memory have to be worth it: runs of whole vector loops, or of what is unrolled of them.
 */
const tiled = (nest: Nest, plain: Schedule, loop: number): readonly Variant[] => {
  const at = plain.running.findIndex((level) => level.loop === loop);
  const { extent } = nest.loops[loop]!;
  const inside = [...plain.running.slice(at + 1), ...plain.fixed].reduce(
    (bits, level) => bits | loopBits(level),
    0,
  );
  const accesses = [...nest.loads, ...nest.stores.map(({ strides }) => strides)];
  const bytes = accesses.reduce((sum, strides) => sum + 4 * elementsOf(nest, (l) => ((inside >> l) & 1) === 1 && strides[l] !== 0), 0); // prettier-ignore
  const tile = divisorUpTo(extent, Math.max(8, Math.floor(TILE_BYTES / bytes)));
  if (at < 0 || tile < Math.min(extent, 4)) return [];
  const rest = plain.running.slice(at + 1);
  const along = rest.filter((level) => level.loop === plain.vector);
  const others = rest.filter((level) => level.loop !== plain.vector);
  const begin = [...plain.running.slice(0, at), ...(tile === extent ? [] : [tiling(loop, extent, tile)]), ...others]; // prettier-ignore
  const variant = (end: readonly Level[], below: number): Variant => {
    const running = [...begin, ...end];
    return { schedule: { ...plain, running, kept: running.length }, below };
  };
  const within = stepping(loop, tile);
  const whole = variant([within, ...along], 0.9);
  return along.length === 0 ? [whole] : [whole, variant([...along, within], 0.5)];
};

/** The levels of the vectors, and of a loop beside theirs where runs are short and memory goes on along it. */
const innerLevels = (
  analysed: Analysed,
  vector: number,
): { readonly beside: number | undefined; readonly levels: readonly Level[] } => {
  const { nest } = analysed;
  const { extent } = nest.loops[vector]!;
  const effort = perVector(analysed, vector);
  const interlaced = weaving(nest, vector, effort, 12);
  if (interlaced !== null)
    return { beside: interlaced.outer, levels: [interlaced.running, interlaced.level] };
  const wanted = vectorsAtOnce(effort);
  const unrolled = unrolledVectors(extent, effort, wanted);
  const isWhole = Math.ceil(extent / LANES) <= unrolled;
  const beside = isWhole ? adjacent(nest, vector, Math.floor(wanted / unrolled)) : null;
  const along = vectorized(vector, extent, unrolled);
  return { beside: beside?.loop, levels: beside === null ? [along] : [beside.level, along] };
};

const keeping = (analysed: Analysed, vector: number): Schedule => {
  const { nest, depends } = analysed;
  const { extent } = nest.loops[vector]!;
  const effort = perVector(analysed, vector);
  const crossing = across(nest, vector, effort);
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
  // nothing could be computed further outside
  if (nest.body.every((a, i) => depends[i] === 0 || depends[i] === all || effortOf(a) === 0)) return plain;
  const work = workOf(nest, depends, plain);
  const better = others
    .flatMap((loop) => tiled(nest, plain, loop))
    .map(({ schedule, below }) => ({ schedule, share: workOf(nest, depends, schedule) / work / below }))
    .filter(({ share }) => share < 1)
    .sort((a, b) => a.share - b.share);
  return better[0]?.schedule ?? plain;
};

/** `extent` is the argument that holds the extent of a flat nest. */
export const scheduleOf = (nest: Nest, depends: readonly number[], extent: Slot<'i32'>): Schedule => {
  const analysed = { nest, depends };
  if (nest.loops.length === 0) return scheduled(-1, [], []);
  if (isFlat(nest))
    return scheduled(0, [vectorizedFlat(flatExtent(extent), vectorsAtOnce(perVector(analysed, 0)))], []);
  const vector = vectorLoop(analysed);
  return nest.loops.some(({ reduced }) => reduced) ? reducing(analysed, vector) : keeping(analysed, vector);
};
