/**
 * Reductions: accumulators of vectors while the reduced loops run, and their results. Long float sums
 * are kept in tiers: what has been added up some times moves on to the next, so that the error stays
 * that of short sums.
 */
import type { ReduceFn } from '../../../dsl/node.js';
import type { NumberType } from '../../../dsl/region.js';
import { identityOf } from '../../shared/scalar.js';
import { COMBINE } from '../../shared/scalar.js';
import { i32, i32x4, set, tee, v128, when } from '../assembler.js';
import type { Body, Local, Statement } from '../assembler.js';
import { stored } from './access.js';
import { constantOf } from './constants.js';
import type { Constants, Vector } from './elementary.js';
import type { Nest } from './nest.js';
import { type Choice, choices, placeOf, type Pointer, type Standing, vectorPart } from './places.js';
import { type Block, LANES, type Level, type Schedule } from './schedule.js';
import { combine } from './values.js';

export interface Accumulation {
  /** Takes the values that the stores reduce, as they are in memory. */
  readonly add: (standing: Standing, choice: Choice, values: readonly Vector[]) => readonly Statement[];
  /** The reduced loops, with what comes before and after them. */
  readonly around: (standing: Standing, loops: Body, stores: readonly Pointer[]) => Body;
  /** Belongs at the end of each trip of a block. */
  readonly onTrip: (standing: Standing, block: Block) => Body;
}

/** Sums of more than this many terms move on to another tier... */
const LONGEST = 128;
/** ...after this many. */
const SHORT = 64;
const MOST_ACCUMULATORS = 8;

const LANE_NUMBERS = [0, 1, 2, 3];
const tripsLeft = i32.local('left');
const movesLeft = i32.local('movesLeft');
const total = v128.local('total');

const mostParts = (levels: readonly Level[]): number =>
  levels.reduce(
    (product, { blocks }) => product * Math.max(1, ...blocks.map(({ parts }) => parts.length)),
    1,
  );

interface Reduction {
  readonly fn: ReduceFn;
  readonly dtype: NumberType;
  readonly combine: (a: Vector, b: Vector) => Vector;
  readonly identity: Vector;
  readonly tiers: number;
}

/** Null where nothing is reduced. */
export const accumulation = (
  nest: Nest,
  schedule: Schedule,
  constants: Constants,
  typeOf: (assignment: number) => NumberType,
): Accumulation | null => {
  if (!nest.loops.some(({ reduced }) => reduced)) return null;
  const isReduced = (loop: number): boolean => nest.loops[loop]!.reduced;
  const levels = [...schedule.running, ...schedule.fixed];
  const reducedLevels = levels.flatMap(({ loop }, i) => (isReduced(loop) ? [i] : []));
  const across = schedule.vector >= 0 && isReduced(schedule.vector);
  const keptParts = mostParts(levels.filter(({ loop }) => !isReduced(loop)));
  const reducedParts = mostParts(levels.filter(({ loop }) => isReduced(loop)));
  /** How many accumulators share the work of one result. */
  const slots = Math.min(
    4,
    reducedParts,
    Math.max(1, Math.floor(MOST_ACCUMULATORS / (nest.stores.length * keptParts))),
  );
  const terms = nest.loops.reduce(
    (product, { extent, reduced }, loop) =>
      reduced ? product * (loop === schedule.vector ? Math.ceil(extent / LANES) : extent) : product,
    1 / slots,
  );

  const reductions = nest.stores.map(({ value, reduce }): Reduction => {
    const fn = reduce ?? 'sum';
    const dtype = typeOf(value) === 'float32' ? 'float32' : 'int32';
    const rule = combine(COMBINE[fn], dtype);
    if (rule === null) throw new Error(`noisefold: no instructions for ${fn} of ${dtype}`);
    const isLong = fn === 'sum' && dtype === 'float32' && terms > LONGEST;
    const tiers = !isLong ? 1 : terms <= SHORT * LONGEST ? 2 : 3;
    return { fn, dtype, combine: rule, identity: constantOf(identityOf(fn, dtype), dtype, constants), tiers };
  });
  const mostTiers = Math.max(...reductions.map(({ tiers }) => tiers));

  const local = (store: number, tier: number, choice: Choice, slot: number): Local<'v128'> => {
    const kept = choice.filter((_, level) => !reducedLevels.includes(level));
    return v128.local(`acc${store}_${tier}_${kept.join('_')}_${slot}`);
  };
  const slotOf = ({ blocks }: Standing, choice: Choice): number =>
    reducedLevels.reduce((n, level) => n * (blocks[level]?.parts.length ?? 1) + choice[level]!, 0) % slots;
  const keptChoices = (standing: Standing): readonly Choice[] =>
    choices(standing, (level) => !reducedLevels.includes(level));
  const slotNumbers = Array.from({ length: slots }, (_, slot) => slot);
  const tierNumbers = ({ tiers }: Reduction): readonly number[] =>
    Array.from({ length: tiers }, (_, tier) => tier);

  const add: Accumulation['add'] = (standing, choice, values) =>
    values.map((value, s) => {
      const { combine: combined, identity, fn } = reductions[s]!;
      const { lanes } = vectorPart(standing, choice);
      const partial = across && lanes < LANES;
      const [m0, m1, m2, m3] = LANE_NUMBERS.map((lane) => (lane < lanes ? -1 : 0)) as [
        number,
        number,
        number,
        number,
      ];
      const mask = i32x4.const(m0, m1, m2, m3);
      const own = !partial
        ? value
        : fn === 'sum'
          ? v128.and(value, mask)
          : v128.bitselect(value, identity, mask);
      const accumulator = local(s, 0, choice, slotOf(standing, choice));
      return set(accumulator, combined(accumulator, own));
    });

  const everywhere = (
    standing: Standing,
    each: (reduction: Reduction, s: number, choice: Choice, slot: number) => Body,
  ): Body =>
    reductions.map((reduction, s) =>
      keptChoices(standing).map((choice) => slotNumbers.map((slot) => each(reduction, s, choice, slot))),
    );

  const result = (reduction: Reduction, s: number, choice: Choice): readonly Statement[] => {
    const parts = slotNumbers.map((slot) =>
      tierNumbers(reduction)
        .map((tier): Vector => local(s, tier, choice, slot))
        .reduce(reduction.combine),
    );
    const turned = (lanes: readonly [number, number, number, number]): Statement =>
      set(total, reduction.combine(total, v128.shuffle32(total, total, lanes)));
    return [
      set(total, parts.reduce(reduction.combine)),
      ...(across ? [turned([2, 3, 0, 1]), turned([1, 0, 3, 2])] : []),
    ];
  };

  /** Trips of the block after which its accumulators move on. */
  const tripsOf = (standing: Standing, { parts }: Block): number => {
    const others = reducedLevels.filter((level) => level > standing.depth);
    const each = others.reduce((n, level) => n * (standing.blocks[level]?.parts.length ?? 1), parts.length);
    return Math.max(1, Math.floor((SHORT * slots) / each));
  };

  return {
    add,
    around: (standing, loops, stores) => [
      mostTiers > 1 ? set(tripsLeft, i32.const(1)) : [],
      mostTiers > 2 ? set(movesLeft, i32.const(SHORT)) : [],
      everywhere(standing, (reduction, s, choice, slot) =>
        tierNumbers(reduction).map((tier) => set(local(s, tier, choice, slot), reduction.identity)),
      ),
      loops,
      reductions.map((reduction, s) =>
        keptChoices(standing).map((choice) => {
          const place = placeOf(standing, choice, stores[s]!);
          return [result(reduction, s, choice), stored(across ? { ...place, lanes: 1 } : place, total)];
        }),
      ),
    ],
    onTrip: (standing, block) => {
      const isInnermost = standing.depth === schedule.running.length - 1 && standing.depth >= schedule.kept;
      if (!isInnermost || mostTiers === 1) return [];
      const moving = (from: number) =>
        everywhere(standing, (reduction, s, choice, slot) => {
          if (reduction.tiers <= from + 1) return [];
          const [lower, upper] = [local(s, from, choice, slot), local(s, from + 1, choice, slot)];
          return [set(upper, reduction.combine(upper, lower)), set(lower, reduction.identity)];
        });
      return when(i32.eqz(tee(tripsLeft, i32.sub(tripsLeft, 1))), [
        moving(0),
        set(tripsLeft, i32.const(tripsOf(standing, block))),
        mostTiers < 3
          ? []
          : when(i32.eqz(tee(movesLeft, i32.sub(movesLeft, 1))), [
              moving(1),
              set(movesLeft, i32.const(SHORT)),
            ]),
      ]);
    },
  };
};
