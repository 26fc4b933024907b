/** Which schedule a nest gets: by its extents and strides alone. */
import { i32 } from '../assembler.js';
import type { Slot } from './code.js';
import { effortOf } from './effort.js';
import { isFlat, type Nest } from './nest.js';
import { type FlatExtent, LANES, type Level, type Schedule, scheduled, stepping, tiling, vectorized, vectorizedFlat } from './schedule.js'; // prettier-ignore
import { across, adjacent, besideReduced } from './unroll.js';
import { workOf } from './work.js';

/** Arithmetic on an extent that an argument holds. */
const flatExtent = (extent: Slot<'i32'>): FlatExtent => ({
  over: (size) => i32.shr_u(extent, Math.log2(size)),
  within: (size, part) => i32.shr_u(i32.and(extent, size - 1), Math.log2(part)),
});

/** A nest, and by assignment the loops that its value varies with. */
interface Analysed {
  readonly nest: Nest;
  readonly depends: readonly number[];
}

const isAlong = (bits: number, loop: number): boolean => ((bits >> loop) & 1) === 1;

const elementsOf = ({ loops }: Nest, which: (loop: number) => boolean): number =>
  loops.reduce((product, { extent }, loop) => (which(loop) ? product * extent : product), 1);

/** What a vector of elements takes, if vectors lie along a loop. */
const perVector = ({ nest, depends }: Analysed, vector: number): number => {
  const accesses = [...nest.loads, ...nest.stores.map(({ strides }) => strides)];
  return (
    nest.body.reduce((sum, a, i) => (isAlong(depends[i]!, vector) ? sum + effortOf(a) : sum), 0) +
    accesses.filter((strides) => strides[vector] !== 0).length
  );
};

/** What a vector access takes: contiguous ones are cheap, those that can be exchanged in registers less so. */
const accessEffort = (nest: Nest, strides: readonly number[], vector: number, isLoad: boolean): number => {
  const stride = strides[vector]!;
  if (stride === 0) return 0.3;
  if (Math.abs(stride) === 1) return stride === 1 ? 1 : 2;
  const crosses =
    isLoad &&
    nest.loops.every(({ extent, reduced }, loop) => !reduced && (strides[loop] !== 1 || extent >= LANES));
  return crosses ? 3 : 10;
};

/** The effort for one element, if vectors lie along a loop and all is computed as far outside as it can be. */
const effortAlong = ({ nest, depends }: Analysed, vector: number): number => {
  const { extent, reduced } = nest.loops[vector]!;
  const elements = elementsOf(nest, () => true);
  const terms = elementsOf(nest, (loop) => nest.loops[loop]!.reduced);
  const vectors = Math.ceil(extent / LANES) / extent;
  const loads = nest.loads.reduce((sum, strides) => sum + accessEffort(nest, strides, vector, true), 0);
  const stores = nest.stores.reduce(
    (sum, { strides }) => sum + accessEffort(nest, strides, vector, false),
    0,
  );
  const arithmetic = nest.body.reduce((sum, a, i) => {
    const bits = depends[i]!;
    const often = elementsOf(nest, (loop) => isAlong(bits, loop)) / elements;
    return sum + effortOf(a) * often * (isAlong(bits, vector) ? vectors : 1);
  }, 0);
  const results = (reduced ? 8 * nest.stores.length : stores) / terms;
  const masks = reduced && extent % LANES !== 0 ? nest.stores.length : 0;
  return vectors * (loads + masks) + arithmetic + 3 / extent + results;
};

/** The loop with the least effort; of equals the innermost. */
const vectorLoop = (analysed: Analysed): number => {
  const { loops } = analysed.nest;
  if (loops.length === 1) return 0;
  const efforts = loops.map((_, loop) => effortAlong(analysed, loop));
  return efforts.lastIndexOf(Math.min(...efforts));
};

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

const reducing = (analysed: Analysed, vector: number): Schedule => {
  const { nest } = analysed;
  const { extent, reduced } = nest.loops[vector]!;
  const effort = perVector(analysed, vector);
  const wanted = reduced ? vectorsAtOnce(effort) : Math.max(1, Math.floor(8 / nest.stores.length));
  const unrolled = unrolledVectors(extent, effort, effort * wanted <= 200 ? wanted : 2);
  const along = vectorized(vector, extent, unrolled);
  const beside = besideReduced(nest, vector, unrolled, Math.ceil(extent / LANES) <= unrolled);
  const level = (loop: number): Level => stepping(loop, nest.loops[loop]!.extent, beside.get(loop) ?? 1);
  const others = nest.loops.flatMap((_, loop) => (loop === vector ? [] : [loop]));
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
  const inside = [...plain.running.slice(at + 1), ...plain.fixed].map((level) => level.loop);
  const accesses = [...nest.loads, ...nest.stores.map(({ strides }) => strides)];
  const bytes = accesses.reduce((sum, strides) => sum + 4 * elementsOf(nest, (l) => inside.includes(l) && strides[l] !== 0), 0); // prettier-ignore
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

const keeping = (analysed: Analysed, vector: number): Schedule => {
  const { nest, depends } = analysed;
  const { extent } = nest.loops[vector]!;
  const effort = perVector(analysed, vector);
  const wanted = vectorsAtOnce(effort);
  const crossing = across(nest, vector, effort);
  const level = (loop: number): Level => stepping(loop, nest.loops[loop]!.extent);
  const without = (...loops: readonly (number | undefined)[]): readonly number[] =>
    nest.loops.flatMap((_, loop) => (loops.includes(loop) ? [] : [loop]));
  if (crossing !== null) {
    const along = vectorized(vector, extent, crossing.vectors);
    const others = without(vector, crossing.loop).map(level);
    return scheduled(vector, [...others, crossing.outer, along, ...crossing.inner], []);
  }
  const unrolled = unrolledVectors(extent, effort, wanted);
  const along = vectorized(vector, extent, unrolled);
  const isWhole = Math.ceil(extent / LANES) <= unrolled;
  const beside = isWhole ? adjacent(nest, vector, Math.floor(wanted / unrolled)) : null;
  const others = without(vector, beside?.loop);
  const plain = scheduled(
    vector,
    [...others.map(level), ...(beside === null ? [] : [beside.level]), along],
    [],
  );
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
