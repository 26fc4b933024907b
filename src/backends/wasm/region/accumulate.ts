/**
 * Code for reductions. The reduced loops update vector accumulators; after the loops their values are stored as
 * results.
 */
import { identityOf } from '../../../dsl/graph/region.js';
import { i32, i32x4, v128 } from '../assembler/assembler.js';
import { storeLanes } from './access.js';
import { type Body, set, laneShuffle, type Slot, type Statement, tee, type Vector, when } from './code.js';
import type { Nest } from '../../shared/regions/nest.js';
import { type Choice, choices, locationOf, type Pointer, type LoopState, vectorPart } from './loopState.js';
import { type ReductionPlan, reductionPlan, TERMS_PER_TIER } from './reductionPlan.js';
import { type Block, LANES, type Schedule } from './schedule.js';
import { constantOf, type Toolbox } from './tools.js';
import { combine } from './values.js';
import { range } from '../assembler/numbers.js';

export interface Accumulation {
  /** Adds values to the accumulators: one for each store, in their form in memory. */
  readonly add: (state: LoopState, choice: Choice, values: readonly Vector[]) => readonly Statement[];
  /** Wraps the reduced loops: initializes the accumulators before, and stores the results after. */
  readonly wrap: (state: LoopState, loops: Body, stores: readonly Pointer[]) => Body;
  /** Code for the end of each trip of a block: moves sums to the next tier after enough terms. */
  readonly afterTrip: (state: LoopState, block: Block) => Body;
}

interface Reduction {
  readonly isSum: boolean;
  readonly combine: (a: Vector, b: Vector) => Vector;
  readonly identity: Vector;
  /** Indexed by tier, number of the free parts, and slot. */
  readonly accumulators: readonly (readonly (readonly Slot<'v128'>[])[])[];
}

/** Mask of the first `lanes` lanes. */
const maskOf = (lanes: number): Vector => i32x4.const(-1, lanes > 1 ? -1 : 0, lanes > 2 ? -1 : 0, lanes > 3 ? -1 : 0);

/** Swap the two halves of a vector, and the two lanes of each half. */
const swapHalves = laneShuffle([2, 3, 0, 1]);
const swapNeighbours = laneShuffle([1, 0, 3, 2]);
/** Copy one lane into all lanes, by lane. */
const SPLAT_LANE = [0, 1, 2, 3].map((lane) => laneShuffle([lane, lane, lane, lane]));

/** Code of a nest's reductions; null if the nest has none. */
export const accumulation = (nest: Nest, schedule: Schedule, tools: Toolbox): Accumulation | null => {
  if (!nest.loops.some(({ reduced }) => reduced)) return null;
  const plan = reductionPlan(nest, schedule);
  const { across, mixed, isFree, freeParts, slots } = plan;
  const maxTiers = Math.max(...plan.tiers);

  const reductions = nest.stores.map(({ value, reduce }, s): Reduction => {
    const fn = reduce ?? 'sum';
    const dtype = nest.body[value]!.dtype === 'float32' ? 'float32' : 'int32';
    return {
      isSum: fn === 'sum',
      combine: combine(fn, dtype),
      identity: constantOf(identityOf(fn, dtype), dtype, tools),
      accumulators: range(plan.tiers[s]!).map(() => range(freeParts).map(() => range(slots).map(tools.locals.v128))),
    };
  });
  const tripsLeft = tools.locals.i32();
  const movesLeft = tools.locals.i32();
  const total = tools.temporary(0);

  /** Index of a choice among the choices of the free levels, or of the reduced ones. */
  const choiceIndex = ({ blocks }: LoopState, choice: Choice, ofFree: boolean): number => {
    let number = 0;
    for (let level = 0; level < choice.length; level++)
      if (isFree[level] === ofFree) number = number * (blocks[level]?.parts.length ?? 1) + choice[level]!;
    return number;
  };

  /** Code for every accumulator in use in the blocks that have been entered. */
  const forEachAccumulator = (
    state: LoopState,
    each: (reduction: Reduction, index: number, slot: number) => Body,
  ): Body => {
    const indices = choices(state, isFree).map((choice) => choiceIndex(state, choice, true));
    return reductions.map((reduction) => indices.map((k) => range(slots).map((slot) => each(reduction, k, slot))));
  };

  const combinedSum = ({ accumulators, combine: combined }: Reduction, index: number): Vector =>
    range(slots)
      .map((slot) => accumulators.map((tier): Vector => tier[index]![slot]!).reduce(combined))
      .reduce(combined);

  /** Stores one result for each choice of free parts: a vector of results, or the combination of all lanes. */
  const storeVectors = (state: LoopState, reduction: Reduction, store: Pointer): Body =>
    choices(state, isFree).map((choice) => {
      const { combine: combined } = reduction;
      const location = locationOf(state, choice, store);
      const rotateAndCombine = (rotate: (a: Vector, b: Vector) => Vector): Statement =>
        set(total, combined(total, rotate(total, total)));
      return [
        set(total, combinedSum(reduction, choiceIndex(state, choice, true))),
        across ? [rotateAndCombine(swapHalves), rotateAndCombine(swapNeighbours)] : [],
        storeLanes(across ? { ...location, lanes: [0] } : location, total),
      ];
    });

  /** Stores results whose terms lie in single lanes. */
  const storeMixed = (
    { level: at, outer, extent }: NonNullable<ReductionPlan['mixed']>,
    state: LoopState,
    reduction: Reduction,
    store: Pointer,
  ): Body => {
    const others = choices(state, isFree.map((flag, level) => flag && level !== at)); // oxfmt-ignore
    return others.map((choice) => {
      const { parts } = state.levels[at]!.blocks[0]!;
      const results = new Map<number, Vector[]>();
      const code = parts.map((part, p): Statement => {
        const own = choice.map((index, level) => (level === at ? p : index));
        const index = choiceIndex(state, own, true);
        const sum = reduction.accumulators[0]![index]![0]!;
        for (let lane = 0; lane < part.lanes; lane++) {
          const count = part.at + lane;
          const result = (across ? Math.floor(count / extent) : count % extent) * store.strides[across ? outer : schedule.vector]!; // oxfmt-ignore
          const terms = results.get(result) ?? [];
          results.set(result, terms);
          terms.push(lane === 0 ? sum : SPLAT_LANE[lane]!(sum, sum));
        }
        return set(sum, combinedSum(reduction, index));
      });
      const location = locationOf(state, choice, store);
      return [
        code,
        [...results].map(([elements, terms]) => [
          set(total, terms.reduce(reduction.combine)),
          storeLanes({ ...location, elements: location.elements + elements, lanes: [0] }, total),
        ]),
      ];
    });
  };

  /** Trips of a block after which sums move to the next tier, given the terms unrolled in each trip. */
  const tripsPerMove = ({ blocks, depth }: LoopState, { parts }: Block): number => {
    let each = parts.length;
    for (let level = depth + 1; level < blocks.length; level++)
      if (isFree[level] !== true) each *= blocks[level]?.parts.length ?? 1;
    return Math.max(1, Math.floor((TERMS_PER_TIER * slots) / each));
  };

  return {
    add: (state, choice, values) => {
      const { lanes } = vectorPart(state, choice);
      const index = choiceIndex(state, choice, true);
      const slot = choiceIndex(state, choice, false) % slots;
      return values.map((value, s) => {
        const { combine: combined, identity, isSum, accumulators } = reductions[s]!;
        const accumulator = accumulators[0]![index]![slot]!;
        if (!across || mixed !== null || lanes === LANES) return set(accumulator, combined(accumulator, value));
        const masked = isSum ? v128.and(value, maskOf(lanes)) : v128.bitselect(value, identity, maskOf(lanes));
        return set(accumulator, combined(accumulator, masked));
      });
    },
    wrap: (state, loops, stores) => [
      // the first trip moves at once: the number of trips per move is known only inside the block
      maxTiers > 1 ? set(tripsLeft, i32.const(1)) : [],
      maxTiers > 2 ? set(movesLeft, i32.const(TERMS_PER_TIER)) : [],
      forEachAccumulator(state, ({ accumulators, identity }, index, slot) =>
        accumulators.map((tier) => set(tier[index]![slot]!, identity)),
      ),
      loops,
      reductions.map((reduction, s) =>
        mixed === null ? storeVectors(state, reduction, stores[s]!) : storeMixed(mixed, state, reduction, stores[s]!),
      ),
    ],
    afterTrip: (state, block) => {
      const isInnermost = state.depth === schedule.running.length - 1 && state.depth >= schedule.free;
      if (!isInnermost || maxTiers === 1) return [];
      const moveUp = (from: number): Body =>
        forEachAccumulator(state, ({ accumulators, combine: combined, identity }, index, slot) => {
          const [lower, upper] = [accumulators[from]?.[index]?.[slot], accumulators[from + 1]?.[index]?.[slot]];
          if (lower === undefined || upper === undefined) return [];
          return [set(upper, combined(upper, lower)), set(lower, identity)];
        });
      const secondMove = when(i32.eqz(tee(movesLeft, i32.sub(movesLeft, 1))), [
        moveUp(1),
        set(movesLeft, i32.const(TERMS_PER_TIER)),
      ]);
      return when(i32.eqz(tee(tripsLeft, i32.sub(tripsLeft, 1))), [
        moveUp(0),
        set(tripsLeft, i32.const(tripsPerMove(state, block))),
        maxTiers > 2 ? secondMove : [],
      ]);
    },
  };
};
