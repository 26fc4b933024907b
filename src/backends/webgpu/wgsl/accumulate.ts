/** Accumulators of reductions within one invocation, and the loops that they accumulate over. */
import { COMBINE, identityOf } from '../../shared/scalar.js';
import { type Body, bodyOf, indexOf } from './body.js';
import { block } from './code.js';
import { binaryExpression } from './expressions.js';
import { literal, valueType, type Width } from './types.js';
import type { Vectors } from './vectors.js';
import type { Work } from './work.js';

/** A reduced loop as one invocation walks it. */
export interface Serial {
  readonly loop: number;
  /** From one trip to the next. */
  readonly trips: number;
  /** The index at a trip, `s` and the loop's number; null where that is the trip. */
  readonly index: string | null;
  /** Where the trip may be beyond the extent: a condition on the index. */
  readonly guard: string | null;
}

/** Two values of a store as its reduction combines them. */
export const combined = (work: Work, store: number, a: string, b: string, width: Width): string => {
  const { value, reduce } = work.nest.stores[store]!;
  return binaryExpression(COMBINE[reduce!], work.nest.body[value]!.dtype, { a, b, suspects: [a, b] }, width);
};

const identity = (work: Work, store: number): string => {
  const { value, reduce } = work.nest.stores[store]!;
  const { dtype } = work.nest.body[value]!;
  return literal(identityOf(reduce!, dtype), dtype);
};

export const dtypeOf = (work: Work, store: number) => work.nest.body[work.nest.stores[store]!.value]!.dtype;

/** Float sums of more terms than this one after another... */
const LONGEST = 128;
/** ...are summed in parts of about so many. */
const PART = 64;

/** So many terms are loaded together, where they come out even; they divide a part. */
const TOGETHER = [4, 2] as const;

export interface Accumulated {
  /** Statements after which each store's accumulator `r0`, `r1`… holds what this invocation has reduced. */
  readonly statements: readonly string[];
  /** The width of each accumulator. */
  readonly widths: readonly Width[];
}

/** A loop of whose trips so many make a part of a long sum, with all of the loops within it. */
interface Parts {
  readonly at: number;
  readonly trips: number;
}

const partsOf = (loops: readonly Serial[]): Parts | null => {
  let terms = 1;
  for (let at = loops.length - 1; at >= 0; at--) {
    if (terms * loops[at]!.trips > LONGEST) return { at, trips: Math.max(1, Math.floor(PART / terms)) };
    terms *= loops[at]!.trips;
  }
  return null;
};

/** Walks the reduced loops of a work, outermost first; what does not depend on them is computed before. */
export const accumulated = (work: Work, vectors: Vectors, loops: readonly Serial[]): Accumulated => {
  const { nest } = work;
  const parts = partsOf(loops);
  const levelOf = (mask: number): number =>
    loops.reduce((level, { loop }, at) => (((mask >> loop) & 1) === 1 ? at + 1 : level), 0);
  const body: Body = bodyOf(work, vectors, loops.length + 1, levelOf);
  const widths = nest.stores.map((): Width => (vectors.loop >= 0 ? 4 : 1));
  const stores = nest.stores.map((_, s) => s);
  const typeOf = (s: number): string => valueType(dtypeOf(work, s), widths[s]!);
  const isTiered = (s: number): boolean =>
    parts !== null && nest.stores[s]!.reduce === 'sum' && dtypeOf(work, s) === 'float32';
  const fresh = (name: string, s: number): string => `var ${name}${s} = ${typeOf(s)}(${identity(work, s)});`;
  const adding = (name: string, s: number, value: string): string =>
    `${name}${s} = ${combined(work, s, `${name}${s}`, value, widths[s]!)};`;

  const innermost = (): readonly string[] =>
    stores.map((s) => adding(isTiered(s) ? 'p' : 'r', s, body.valueOf(nest.stores[s]!.value, widths[s]!)));
  const tiered = stores.filter(isTiered);
  const inTiers = (inside: readonly string[]): readonly string[] => [
    ...tiered.map((s) => fresh('p', s)),
    ...inside,
    ...tiered.map((s) => adding('r', s, `p${s}`)),
  ];

  const walk = (at: number): readonly string[] => {
    const serial = loops[at];
    if (serial === undefined) return [...body.lines[at]!, ...innermost()];
    const { loop, trips, index, guard } = serial;
    const trip = index === null ? indexOf(loop) : `s${loop}`;
    const isLast = at === loops.length - 1;
    const together = isLast ? (TOGETHER.find((n) => trips % n === 0) ?? 1) : 1;
    const inner = walk(at + 1);
    const guarded = guard === null ? inner : block(`if (${guard})`, inner);
    const indexed = index === null ? guarded : [`let ${indexOf(loop)} = ${index};`, ...guarded];
    const lines =
      together === 1
        ? indexed
        : block(`for (var u = 0u; u < ${together}u; u++)`, [`let ${trip} = c${loop} + u;`, ...indexed]);
    const counter = together === 1 ? trip : `c${loop}`;
    const end = trips === together ? `${trips}u` : `${trips}u + none`;
    const along = (from: string, to: string): readonly string[] =>
      block(`for (var ${counter} = ${from}; ${counter} < ${to}; ${counter} += ${together}u)`, lines);
    if (at !== parts?.at || tiered.length === 0) return [...body.lines[at]!, ...along('0u', end)];
    const part = along(`t${loop}`, `min(t${loop} + ${parts.trips}u, ${end})`);
    const all = block(
      `for (var t${loop} = 0u; t${loop} < ${end}; t${loop} += ${parts.trips}u)`,
      inTiers(part),
    );
    return [...body.lines[at]!, ...all];
  };
  // a compiler unrolls long loops whose length it knows, which takes some of them seconds
  const none = 'let none = group.x >> 31u;';
  return { statements: [none, ...stores.map((s) => fresh('r', s)), ...walk(0)], widths };
};

/** The number that a vector of four accumulators comes to. */
export const folded = (work: Work, store: number, vector: string): string => {
  const pair = (a: string, b: string): string => `(${combined(work, store, a, b, 1)})`;
  return pair(pair(`${vector}.x`, `${vector}.y`), pair(`${vector}.z`, `${vector}.w`));
};
