/**
 * Distributes a reduction over invocations. The choice depends only on extents and strides, so that results are
 * reproducible.
 */
import type { ShaderLimits } from './shader.js';
import type { Vectors } from './vectors.js';
import type { BoundNest } from './boundNest.js';

/** A loop that is distributed over `count` invocations of a workgroup. */
export interface Lanes {
  readonly loop: number;
  readonly count: number;
}

export interface GroupSchedule {
  readonly vectors: Vectors;
  /**
   * The loops that several invocations share. The index of the first loop varies fastest with the number of the
   * invocation.
   */
  readonly lanes: readonly Lanes[];
  /** Free loops, nearest first: the results have their indices. */
  readonly free: readonly number[];
  /** Reduced loops, outermost first. */
  readonly reduced: readonly number[];
}

/**
 * Maximum number of invocations per workgroup. Small workgroups are faster: the invocations of a large one mostly wait
 * for each other.
 */
const SIZE = 64;
/** Number of neighbouring invocations that read consecutive vectors. */
const RUN_LENGTH = 8;
/** Number of invocations that occupies the whole device. A reduction is not distributed over more. */
const MAX_INVOCATIONS = 16384;
/** Number of invocations above which more are started only if each has at least {@link MIN_TERMS} terms. */
const FEW_INVOCATIONS = 4096;
const MIN_TERMS = 32;
/** Up to this many terms, one invocation computes a result alone. */
const FEW_TERMS = 16;
/** Up to this many terms, one invocation computes a result alone if there are enough results to occupy the device. */
const MANY_TERMS = 256;

/** The extent if it is at most `most`; else its largest divisor between `most / 2` and `most`; else `most`. */
const laneCount = (extent: number, most: number): number => {
  if (extent <= most) return extent;
  for (let count = most; 2 * count >= most; count--) if (extent % count === 0) return count;
  return most;
};

/** Returns the number of iterations of a loop: a quarter of the extent for the vectorized loop. */
export const iterationsOf = (bound: BoundNest, vectors: Vectors) => (loop: number) =>
  bound.nest.loops[loop]!.extent / (loop === vectors.loop ? 4 : 1);

/** The number of invocations over which to distribute the terms of a reduction. */
export const invocationsFor = (bound: BoundNest, vectors: Vectors): number => {
  const iterations = iterationsOf(bound, vectors);
  const terms = bound.nest.loops.reduce((n, _, loop) => n * iterations(loop), 1);
  return Math.min(MAX_INVOCATIONS, Math.max(FEW_INVOCATIONS, Math.ceil(terms / MIN_TERMS)));
};

/** True if it is faster for each invocation to compute its own results than to share the terms. */
export const isSerial = (bound: BoundNest, vectors: Vectors, order: readonly number[]): boolean => {
  const iterations = iterationsOf(bound, vectors);
  const { loops } = bound.nest;
  const product = (reduced: boolean): number =>
    order.reduce((n, loop) => (loops[loop]!.reduced === reduced ? n * iterations(loop) : n), 1);
  const nearest = order[0];
  const runsAlongResults = nearest !== undefined && !loops[nearest]!.reduced;
  return product(true) <= FEW_TERMS || (runsAlongResults && product(false) >= MAX_INVOCATIONS && product(true) <= MANY_TERMS); // oxfmt-ignore
};

/** Chooses the lanes of a workgroup for a reduction. */
export const groupSchedule = (
  bound: BoundNest,
  vectors: Vectors,
  order: readonly number[],
  limits: ShaderLimits,
): GroupSchedule => {
  const { loops } = bound.nest;
  const iterations = iterationsOf(bound, vectors);
  const isReduced = (loop: number): boolean => loops[loop]!.reduced;
  const bytes = 16 * bound.stores.length;
  const most = Math.min(SIZE, limits.maxComputeInvocationsPerWorkgroup, Math.floor(limits.maxComputeWorkgroupStorageSize / bytes)); // oxfmt-ignore

  const counts = new Map<number, number>();
  let size = 1;
  const take = (loop: number, atMost: number): void => {
    const count = laneCount(iterations(loop), Math.max(1, Math.floor(Math.min(most / size, atMost))));
    if (count === 1) return;
    counts.set(loop, count);
    size *= count;
  };
  // the nearest loops of either kind cover a run of memory; then reduced loops are distributed until the device
  // is occupied, but not further: the tree costs more than additional terms per invocation
  const run = vectors.loop >= 0 ? RUN_LENGTH : 4 * RUN_LENGTH;
  const results = order.reduce((n, loop) => (isReduced(loop) ? n : n * iterations(loop)), 1);
  const target = Math.max(run, Math.ceil(invocationsFor(bound, vectors) / results));
  let shared = 1;
  for (const loop of order) {
    const before = size;
    if (!isReduced(loop)) {
      if (size < run) take(loop, Math.ceil(run / size));
    } else if (shared < target) {
      take(loop, Math.ceil(target / shared));
      shared *= size / before;
    }
  }
  // several results with few terms share a workgroup
  for (const loop of order) if (!isReduced(loop) && !counts.has(loop) && 2 * size <= most) take(loop, most / size); // oxfmt-ignore

  return {
    vectors,
    lanes: order.flatMap((loop) => {
      const count = counts.get(loop);
      return count === undefined ? [] : [{ loop, count }];
    }),
    free: order.filter((loop) => !isReduced(loop)),
    reduced: order.filter(isReduced).reverse(),
  };
};
