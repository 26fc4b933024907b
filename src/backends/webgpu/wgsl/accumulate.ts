/** The part of a reduction that one invocation computes: its accumulators and its loops. */
import { identityOf } from '../../../dsl/graph/region.js';
import { COMBINE } from '../../shared/reductions.js';
import { type Body, bodyOf, indexOf } from './body.js';
import { block } from './code.js';
import { binaryExpression } from './expressions.js';
import { literal, valueType, type Width } from './library/types.js';
import type { Vectors } from './vectors.js';
import type { BoundNest } from './boundNest.js';

/** A reduced loop as one invocation runs it. */
export interface SerialLoop {
  readonly loop: number;
  /** Number of iterations (trips). */
  readonly trips: number;
  /**
   * WGSL expression of the loop's index. It reads the number of the trip from the variable `s2` for loop 2. Null if the
   * index equals the number of the trip.
   */
  readonly index: string | null;
  /** A condition that the index is inside the extent; null if it always is. */
  readonly guard: string | null;
}

/** Combines two values of a store by its reduction. */
export const combine = (bound: BoundNest, store: number, a: string, b: string, width: Width): string => {
  const { value, reduce } = bound.nest.stores[store]!;
  return binaryExpression(COMBINE[reduce!], bound.nest.body[value]!.dtype, { a, b, maybeNan: [a, b] }, width);
};

const identity = (bound: BoundNest, store: number): string => {
  const { value, reduce } = bound.nest.stores[store]!;
  const { dtype } = bound.nest.body[value]!;
  return literal(identityOf(reduce!, dtype), dtype);
};

export const dtypeOf = (bound: BoundNest, store: number) => bound.nest.body[bound.nest.stores[store]!.value]!.dtype;

/** Sums of more float32 terms than this are split into parts. */
const MAX_SEQUENTIAL_TERMS = 128;
/** Approximate number of terms in a part of a long sum. */
const PART_TERMS = 64;

/**
 * Numbers of terms that are loaded together, in a short inner loop, if they divide the trips. They also divide a part.
 */
const GROUP_SIZES = [4, 2] as const;

export interface Accumulation {
  /** Statements that leave the invocation's result for each store in an accumulator `r0`, `r1`… */
  readonly statements: readonly string[];
  /** The width of each accumulator. */
  readonly widths: readonly Width[];
}

/**
 * A loop that is split into parts of a long sum: `trips` of its iterations, with all inner loops, are one part. `at` is
 * its position.
 */
interface Parts {
  readonly at: number;
  readonly trips: number;
}

const partsOf = (loops: readonly SerialLoop[]): Parts | null => {
  let terms = 1;
  for (let at = loops.length - 1; at >= 0; at--) {
    if (terms * loops[at]!.trips > MAX_SEQUENTIAL_TERMS)
      return { at, trips: Math.max(1, Math.floor(PART_TERMS / terms)) };
    terms *= loops[at]!.trips;
  }
  return null;
};

/** Generates the reduced loops, outermost first. Values that do not depend on a loop are computed before it. */
export const accumulate = (bound: BoundNest, vectors: Vectors, loops: readonly SerialLoop[]): Accumulation => {
  const { nest } = bound;
  const parts = partsOf(loops);
  const levelOf = (mask: number): number =>
    loops.reduce((level, { loop }, at) => (((mask >> loop) & 1) === 1 ? at + 1 : level), 0);
  const body: Body = bodyOf(bound, vectors, loops.length + 1, levelOf);
  const widths = nest.stores.map((): Width => (vectors.loop >= 0 ? 4 : 1));
  const stores = nest.stores.map((_, s) => s);
  const typeOf = (s: number): string => valueType(dtypeOf(bound, s), widths[s]!);
  const isSplit = (s: number): boolean =>
    parts !== null && nest.stores[s]!.reduce === 'sum' && dtypeOf(bound, s) === 'float32';
  const fresh = (name: string, s: number): string => `var ${name}${s} = ${typeOf(s)}(${identity(bound, s)});`;
  const adding = (name: string, s: number, value: string): string =>
    `${name}${s} = ${combine(bound, s, `${name}${s}`, value, widths[s]!)};`;

  const innermost = (): readonly string[] =>
    stores.map((s) => adding(isSplit(s) ? 'p' : 'r', s, body.valueOf(nest.stores[s]!.value, widths[s]!)));
  const split = stores.filter(isSplit);
  const withParts = (inside: readonly string[]): readonly string[] => [
    ...split.map((s) => fresh('p', s)),
    ...inside,
    ...split.map((s) => adding('r', s, `p${s}`)),
  ];

  const generate = (at: number): readonly string[] => {
    const serial = loops[at];
    if (serial === undefined) return [...body.lines[at]!, ...innermost()];
    const { loop, trips, index, guard } = serial;
    const trip = index === null ? indexOf(loop) : `s${loop}`;
    const isLast = at === loops.length - 1;
    const groupSize = isLast ? (GROUP_SIZES.find((n) => trips % n === 0) ?? 1) : 1;
    const inner = generate(at + 1);
    const guarded = guard === null ? inner : block(`if (${guard})`, inner);
    const indexed = index === null ? guarded : [`let ${indexOf(loop)} = ${index};`, ...guarded];
    const lines =
      groupSize === 1
        ? indexed
        : block(`for (var u = 0u; u < ${groupSize}u; u++)`, [`let ${trip} = c${loop} + u;`, ...indexed]);
    const counter = groupSize === 1 ? trip : `c${loop}`;
    const end = trips === groupSize ? `${trips}u` : `${trips}u + zero`;
    const along = (from: string, to: string): readonly string[] =>
      block(`for (var ${counter} = ${from}; ${counter} < ${to}; ${counter} += ${groupSize}u)`, lines);
    if (at !== parts?.at || split.length === 0) return [...body.lines[at]!, ...along('0u', end)];
    const part = along(`t${loop}`, `min(t${loop} + ${parts.trips}u, ${end})`);
    const all = block(`for (var t${loop} = 0u; t${loop} < ${end}; t${loop} += ${parts.trips}u)`, withParts(part));
    return [...body.lines[at]!, ...all];
  };
  // `zero` is 0. Some compilers spend seconds on unrolling a long loop of known length; a variable hides the length
  const zero = 'let zero = group.x >> 31u;';
  return { statements: [zero, ...stores.map((s) => fresh('r', s)), ...generate(0)], widths };
};

/** Reduces a vector of four accumulators to one number. */
export const reduceVector = (bound: BoundNest, store: number, vector: string): string => {
  const pair = (a: string, b: string): string => `(${combine(bound, store, a, b, 1)})`;
  return pair(pair(`${vector}.x`, `${vector}.y`), pair(`${vector}.z`, `${vector}.w`));
};
