/**
 * Reductions: accumulators of vectors while the reduced loops run, and their results. Long float sums
 * are kept in tiers: what has been added up some times moves on to the next, so that the error stays
 * that of short sums.
 */
import type { NumberType } from '../../../dsl/region.js';
import { COMBINE, identityOf } from '../../shared/scalar.js';
import { i32, i32x4, v128 } from '../assembler/assembler.js';
import { stored } from './access.js';
import { type Body, set, shuffling, type Slot, type Statement, tee, type Vector, when } from './code.js';
import type { Nest } from '../../shared/regions/nest.js';
import { type Choice, choices, placeOf, type Pointer, type Standing, vectorPart } from './places.js';
import { type Block, LANES, type Level, type Schedule } from './schedule.js';
import { constantOf, type Toolbox } from './tools.js';
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
export const MOST_ACCUMULATORS = 8;

const mostParts = (levels: readonly Level[]): number =>
  levels.reduce(
    (product, { blocks }) => product * Math.max(1, ...blocks.map(({ parts }) => parts.length)),
    1,
  );

const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

interface Reduction {
  readonly isSum: boolean;
  readonly combine: (a: Vector, b: Vector) => Vector;
  readonly identity: Vector;
  readonly tiers: number;
  /** By tier, kept parts and slot. */
  readonly accumulators: readonly (readonly (readonly Slot<'v128'>[])[])[];
}

/** The first lanes, as a mask. */
const maskOf = (lanes: number): Vector =>
  i32x4.const(-1, lanes > 1 ? -1 : 0, lanes > 2 ? -1 : 0, lanes > 3 ? -1 : 0);

const byTwo = shuffling([2, 3, 0, 1]);
const byOne = shuffling([1, 0, 3, 2]);
/** A lane in place of the first. */
const EACH = [0, 1, 2, 3].map((lane) => shuffling([lane, lane, lane, lane]));

/** Null where nothing is reduced. */
export const accumulation = (nest: Nest, schedule: Schedule, tools: Toolbox): Accumulation | null => {
  if (!nest.loops.some(({ reduced }) => reduced)) return null;
  const levels = [...schedule.running, ...schedule.fixed];
  const isReduced = (loop: number): boolean => nest.loops[loop]!.reduced;
  const vectorLevel = levels.find(({ loop }) => loop === schedule.vector);
  const across = vectorLevel !== undefined && isReduced(vectorLevel.loop);
  const weave = vectorLevel?.weave;
  /** Woven vectors of which some lanes belong to one result: they are summed apart, and the lanes at last. */
  const isMixed = weave !== undefined && isReduced(weave.outer) !== across;
  const isKept = levels.map((level) => !isReduced(level.loop) || (isMixed && level === vectorLevel));
  const keptParts = mostParts(levels.filter((_, level) => isKept[level]));
  const reducedParts = mostParts(levels.filter((_, level) => !isKept[level]));
  const room = Math.floor(MOST_ACCUMULATORS / (nest.stores.length * keptParts));
  /** How many accumulators share the work of one result. */
  const slots = Math.min(LANES, reducedParts, Math.max(1, room));
  const terms = levels.reduce(
    (product, { blocks }, i) =>
      isKept[i] === true
        ? product
        : product *
          blocks.reduce(
            (sum, { trips, parts }) => sum + (typeof trips === 'number' ? trips : 1) * parts.length,
            0,
          ),
    1 / slots,
  );

  const reductions = nest.stores.map(({ value, reduce }): Reduction => {
    const fn = reduce ?? 'sum';
    const dtype: NumberType = nest.body[value]!.dtype === 'float32' ? 'float32' : 'int32';
    const rule = combine(COMBINE[fn], dtype);
    if (rule === null) throw new Error(`noisefold: no instructions for ${fn} of ${dtype}`);
    const isLong = fn === 'sum' && dtype === 'float32' && terms > LONGEST;
    const tiers = !isLong ? 1 : terms <= SHORT * LONGEST ? 2 : 3;
    return {
      isSum: fn === 'sum',
      combine: rule,
      identity: constantOf(identityOf(fn, dtype), dtype, tools),
      tiers,
      accumulators: range(tiers).map(() => range(keptParts).map(() => range(slots).map(tools.locals.v128))),
    };
  });
  const mostTiers = Math.max(...reductions.map(({ tiers }) => tiers));
  const tripsLeft = tools.locals.i32();
  const movesLeft = tools.locals.i32();
  const [total] = tools.temporaries;

  /** The number of a choice among those of the kept, or of the reduced, levels. */
  const numberOf = ({ blocks }: Standing, choice: Choice, kept: boolean): number => {
    let number = 0;
    for (let level = 0; level < choice.length; level++)
      if (isKept[level] === kept) number = number * (blocks[level]?.parts.length ?? 1) + choice[level]!;
    return number;
  };

  /** All accumulators that are in use where a walk stands. */
  const everywhere = (
    standing: Standing,
    each: (reduction: Reduction, kept: number, slot: number) => Body,
  ): Body => {
    const kept = choices(standing, isKept).map((choice) => numberOf(standing, choice, true));
    return reductions.map((reduction) =>
      kept.map((k) => range(slots).map((slot) => each(reduction, k, slot))),
    );
  };

  const wholeOf = ({ accumulators, combine: combined }: Reduction, kept: number): Vector =>
    range(slots)
      .map((slot) => accumulators.map((tier): Vector => tier[kept]![slot]!).reduce(combined))
      .reduce(combined);

  /** One result for each choice of kept parts: in its lanes, or over all of them. */
  const separate = (standing: Standing, reduction: Reduction, store: Pointer): Body =>
    choices(standing, isKept).map((choice) => {
      const { combine: combined } = reduction;
      const place = placeOf(standing, choice, store);
      const turned = (turn: (a: Vector, b: Vector) => Vector): Statement =>
        set(total, combined(total, turn(total, total)));
      return [
        set(total, wholeOf(reduction, numberOf(standing, choice, true))),
        across ? [turned(byTwo), turned(byOne)] : [],
        stored(across ? { ...place, lanes: [0] } : place, total),
      ];
    });

  /** The results whose terms are in single lanes of woven vectors. */
  const mixed = (standing: Standing, reduction: Reduction, store: Pointer): Body => {
    const { extent, outer } = weave!; // it is what makes them mixed
    const at = levels.indexOf(vectorLevel!);
    const others = choices(standing, isKept.map((kept, level) => kept && level !== at)); // prettier-ignore
    return others.map((choice) => {
      const { parts } = vectorLevel!.blocks[0]!;
      const results = new Map<number, Vector[]>();
      const code = parts.map((part, p): Statement => {
        const own = choice.map((chosen, level) => (level === at ? p : chosen));
        const kept = numberOf(standing, own, true);
        const sum = reduction.accumulators[0]![kept]![0]!;
        for (let lane = 0; lane < part.lanes; lane++) {
          const count = part.at + lane;
          const result = (across ? Math.floor(count / extent) : count % extent) * store.strides[across ? outer : schedule.vector]!; // prettier-ignore
          const terms = results.get(result) ?? [];
          results.set(result, terms);
          terms.push(lane === 0 ? sum : EACH[lane]!(sum, sum));
        }
        return set(sum, wholeOf(reduction, kept));
      });
      const place = placeOf(standing, choice, store);
      return [
        code,
        [...results].map(([elements, terms]) => [
          set(total, terms.reduce(reduction.combine)),
          stored({ ...place, elements: place.elements + elements, lanes: [0] }, total),
        ]),
      ];
    });
  };

  /** Trips of a block, with all that is unrolled in it, after which the accumulators move on. */
  const tripsOf = ({ blocks, depth }: Standing, { parts }: Block): number => {
    let each = parts.length;
    for (let level = depth + 1; level < levels.length; level++)
      if (isKept[level] !== true) each *= blocks[level]?.parts.length ?? 1;
    return Math.max(1, Math.floor((SHORT * slots) / each));
  };

  return {
    add: (standing, choice, values) => {
      const { lanes } = vectorPart(standing, choice);
      const kept = numberOf(standing, choice, true);
      const slot = numberOf(standing, choice, false) % slots;
      return values.map((value, s) => {
        const { combine: combined, identity, isSum, accumulators } = reductions[s]!;
        const accumulator = accumulators[0]![kept]![slot]!;
        if (!across || isMixed || lanes === LANES) return set(accumulator, combined(accumulator, value));
        const masked = isSum
          ? v128.and(value, maskOf(lanes))
          : v128.bitselect(value, identity, maskOf(lanes));
        return set(accumulator, combined(accumulator, masked));
      });
    },
    around: (standing, loops, stores) => [
      mostTiers > 1 ? set(tripsLeft, i32.const(1)) : [],
      mostTiers > 2 ? set(movesLeft, i32.const(SHORT)) : [],
      everywhere(standing, ({ accumulators, identity }, kept, slot) =>
        accumulators.map((tier) => set(tier[kept]![slot]!, identity)),
      ),
      loops,
      reductions.map((reduction, s) => (isMixed ? mixed : separate)(standing, reduction, stores[s]!)),
    ],
    onTrip: (standing, block) => {
      const isInnermost = standing.depth === schedule.running.length - 1 && standing.depth >= schedule.kept;
      if (!isInnermost || mostTiers === 1) return [];
      const moving = (from: number): Body =>
        everywhere(standing, ({ accumulators, combine: combined, identity }, kept, slot) => {
          const [lower, upper] = [accumulators[from]?.[kept]?.[slot], accumulators[from + 1]?.[kept]?.[slot]];
          if (lower === undefined || upper === undefined) return [];
          return [set(upper, combined(upper, lower)), set(lower, identity)];
        });
      const further = when(i32.eqz(tee(movesLeft, i32.sub(movesLeft, 1))), [
        moving(1),
        set(movesLeft, i32.const(SHORT)),
      ]);
      return when(i32.eqz(tee(tripsLeft, i32.sub(tripsLeft, 1))), [
        moving(0),
        set(tripsLeft, i32.const(tripsOf(standing, block))),
        mostTiers > 2 ? further : [],
      ]);
    },
  };
};
