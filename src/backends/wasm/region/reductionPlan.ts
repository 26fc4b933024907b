/**
 * Decides how the sums of a nest are divided into accumulators. Long float sums have several tiers of accumulators:
 * after some additions, the sum of a tier is added to the next tier and reset. So the rounding error is that of short
 * sums.
 */
import type { Nest } from '../../shared/regions/nest.js';
import { LANES, type Level, type Schedule } from './schedule.js';

/** A sum of at most this many terms has a single tier. */
const MAX_SINGLE_TIER_TERMS = 128;
/** Terms after which a sum moves to the next tier. */
export const TERMS_PER_TIER = 64;
export const MAX_ACCUMULATORS = 8;

export interface ReductionPlan {
  /** True if vectors lie along a reduced loop, so that the lanes of a vector are terms of one result. */
  readonly across: boolean;
  /**
   * The level of the vector loop if it collapses two loops of which only one is reduced; otherwise null. The lanes of a
   * vector then belong to different results, so vectors are summed separately and their lanes are combined at the end.
   */
  readonly mixed: { readonly level: number; readonly outer: number; readonly extent: number } | null;
  /** Indexed by level: true if its parts have separate accumulators. */
  readonly isFree: readonly boolean[];
  /** The number of choices of parts with separate accumulators. */
  readonly freeParts: number;
  /** Number of accumulators that share the terms of one result. */
  readonly slots: number;
  /** Indexed by store: 1 to 3. */
  readonly tiers: readonly number[];
}

const maxParts = (levels: readonly Level[]): number =>
  levels.reduce((product, { blocks }) => product * Math.max(1, ...blocks.map(({ parts }) => parts.length)), 1);

/** The iterations of a level. A trip count that is unknown counts as 1. */
const iterationsOf = ({ blocks }: Level): number =>
  blocks.reduce((sum, { trips, parts }) => sum + (typeof trips === 'number' ? trips : 1) * parts.length, 0);

/** Plans the reductions of a nest that has some. */
export const reductionPlan = ({ loops, body, stores }: Nest, schedule: Schedule): ReductionPlan => {
  const levels = [...schedule.running, ...schedule.fixed];
  const isReduced = (loop: number): boolean => loops[loop]!.reduced;
  const vectorLevel = levels.findIndex(({ loop }) => loop === schedule.vector);
  const across = vectorLevel >= 0 && isReduced(schedule.vector);
  const collapsed = levels[vectorLevel]?.collapsed;
  const isMixed = collapsed !== undefined && isReduced(collapsed.outer) !== across;
  const isFree = levels.map(({ loop }, level) => !isReduced(loop) || (isMixed && level === vectorLevel));
  const reducedLevels = levels.filter((_, level) => !isFree[level]);
  const freeParts = maxParts(levels.filter((_, level) => isFree[level]));
  const room = Math.floor(MAX_ACCUMULATORS / (stores.length * freeParts));
  const slots = Math.min(LANES, maxParts(reducedLevels), Math.max(1, room));
  const terms = reducedLevels.reduce((product, level) => product * iterationsOf(level), 1 / slots);
  const tiers = stores.map(({ value, reduce }) => {
    const isFloatSum = (reduce ?? 'sum') === 'sum' && body[value]!.dtype === 'float32';
    if (!isFloatSum || terms <= MAX_SINGLE_TIER_TERMS) return 1;
    return terms <= TERMS_PER_TIER * MAX_SINGLE_TIER_TERMS ? 2 : 3;
  });
  return { across, mixed: isMixed ? { level: vectorLevel, ...collapsed } : null, isFree, freeParts, slots, tiers };
};
