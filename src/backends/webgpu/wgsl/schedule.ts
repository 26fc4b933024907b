/** How a reduction is shared among invocations: decided by extents and strides alone, so that it repeats. */
import type { ShaderLimits } from './shader.js';
import type { Vectors } from './vectors.js';
import type { Work } from './work.js';

/** So many neighbouring invocations of a workgroup lie along a loop. */
export interface Lanes {
  readonly loop: number;
  readonly count: number;
}

export interface GroupSchedule {
  readonly vectors: Vectors;
  /** The first runs fastest through the workgroup. */
  readonly lanes: readonly Lanes[];
  /** Nearest first. */
  readonly kept: readonly number[];
  /** Outermost first. */
  readonly reduced: readonly number[];
}

/** Small workgroups, of which a device can have many at once: most of what a large one does is to wait for itself. */
const SIZE = 64;
/** Invocations side by side that read one run of memory. */
const RUN = 8;
/** With so many invocations a device is busy, */
const BUSY = 16384;
/** and with so many it does not pay to start more, if each were to have fewer terms than that. */
const FEW = 4096;
const ENOUGH_TERMS = 32;
/** One invocation reduces so many terms alone where there are results enough, or no more terms. */
const FEW_TERMS = 16;
const MANY_TERMS = 256;

/** The largest divisor up to `most`, where it is no less than half of that; else as many as there are, or `most`. */
const shareOf = (extent: number, most: number): number => {
  if (extent <= most) return extent;
  for (let count = most; 2 * count >= most; count--) if (extent % count === 0) return count;
  return most;
};

/** Iterations of a loop: four at a time along the vectors. */
export const turnsOf = (work: Work, vectors: Vectors) => (loop: number) =>
  work.nest.loops[loop]!.extent / (loop === vectors.loop ? 4 : 1);

/** How many invocations the terms of a reduction are to be shared among. */
export const invocationsFor = (work: Work, vectors: Vectors): number => {
  const turns = turnsOf(work, vectors);
  const terms = work.nest.loops.reduce((n, _, loop) => n * turns(loop), 1);
  return Math.min(BUSY, Math.max(FEW, Math.ceil(terms / ENOUGH_TERMS)));
};

/** Whether each invocation had better reduce results of its own. */
export const isSerial = (work: Work, vectors: Vectors, order: readonly number[]): boolean => {
  const turns = turnsOf(work, vectors);
  const { loops } = work.nest;
  const product = (reduced: boolean): number =>
    order.reduce((n, loop) => (loops[loop]!.reduced === reduced ? n * turns(loop) : n), 1);
  const nearest = order[0];
  const runsAlongResults = nearest !== undefined && !loops[nearest]!.reduced;
  return product(true) <= FEW_TERMS || (runsAlongResults && product(false) >= BUSY && product(true) <= MANY_TERMS); // prettier-ignore
};

export const groupSchedule = (
  work: Work,
  vectors: Vectors,
  order: readonly number[],
  limits: ShaderLimits,
): GroupSchedule => {
  const { loops } = work.nest;
  const turns = turnsOf(work, vectors);
  const isReduced = (loop: number): boolean => loops[loop]!.reduced;
  const bytes = 16 * work.stores.length;
  const most = Math.min(SIZE, limits.maxComputeInvocationsPerWorkgroup, Math.floor(limits.maxComputeWorkgroupStorageSize / bytes)); // prettier-ignore

  const counts = new Map<number, number>();
  let size = 1;
  const take = (loop: number, atMost: number): void => {
    const count = shareOf(turns(loop), Math.max(1, Math.floor(Math.min(most / size, atMost))));
    if (count === 1) return;
    counts.set(loop, count);
    size *= count;
  };
  // nearest loops fill a run of memory, whichever they are; then those that are reduced, as far as it takes
  // to keep a device busy: the tree costs more than the terms of one invocation
  const run = vectors.loop >= 0 ? RUN : 4 * RUN;
  const results = order.reduce((n, loop) => (isReduced(loop) ? n : n * turns(loop)), 1);
  const wanted = Math.max(run, Math.ceil(invocationsFor(work, vectors) / results));
  let shared = 1;
  for (const loop of order) {
    const before = size;
    if (!isReduced(loop)) {
      if (size < run) take(loop, Math.ceil(run / size));
    } else if (shared < wanted) {
      take(loop, Math.ceil(wanted / shared));
      shared *= size / before;
    }
  }
  // results of few terms share a workgroup
  for (const loop of order) if (!isReduced(loop) && !counts.has(loop) && 2 * size <= most) take(loop, most / size); // prettier-ignore

  return {
    vectors,
    lanes: order.flatMap((loop) => {
      const count = counts.get(loop);
      return count === undefined ? [] : [{ loop, count }];
    }),
    kept: order.filter((loop) => !isReduced(loop)),
    reduced: order.filter(isReduced).reverse(),
  };
};
