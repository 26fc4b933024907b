/** Loop nests: regions without their buffers, simplified to as few loops as possible. */
import { type Assignment, assignmentKey, identityOf, operandsOf, type Region } from '../../../dsl/graph/region.js';
import type { ReduceFn } from '../../../dsl/graph/node.js';

export interface Loop {
  readonly extent: number;
  readonly reduced: boolean;
}

export interface NestStore {
  readonly strides: readonly number[];
  /** The assignment whose value is stored. */
  readonly value: number;
  readonly reduce: ReduceFn | null;
}

/** The computation of a region, without its buffers and offsets. Strides are in elements, one for each loop. */
export interface Nest {
  readonly loops: readonly Loop[];
  readonly loads: readonly (readonly number[])[];
  readonly body: readonly Assignment[];
  readonly stores: readonly NestStore[];
}

/** Returns the nest with the given loops; `from` is the position of each loop in the original nest. */
const withLoops = (nest: Nest, loops: readonly (Loop & { readonly from: number })[]): Nest => {
  const pick = (strides: readonly number[]): readonly number[] => loops.map(({ from }) => strides[from]!);
  return {
    loops: loops.map(({ extent, reduced }) => ({ extent, reduced })),
    loads: nest.loads.map(pick),
    stores: nest.stores.map((store) => ({ ...store, strides: pick(store.strides) })),
    body: nest.body.map((a) => (a.op === 'index' ? { ...a, strides: pick(a.strides) } : a)),
  };
};

/**
 * Merges two loops of the same kind if, for every access, one stride is the other stride times the other extent. The
 * loops need not be neighbours: their order is free.
 */
const withMergedLoops = (nest: Nest): Nest => {
  const { loads, stores, body } = nest;
  const loops = nest.loops.map((loop, from) => ({ ...loop, from }));
  const canMerge = (outer: (typeof loops)[number], inner: (typeof loops)[number]): boolean => {
    if (outer === inner || outer.reduced !== inner.reduced) return false;
    const isContiguous = (s: readonly number[]): boolean => s[outer.from] === s[inner.from]! * inner.extent;
    return (
      stores.every(({ strides }) => isContiguous(strides)) &&
      loads.every(isContiguous) &&
      body.every((a) => a.op !== 'index' || isContiguous(a.strides))
    );
  };
  for (;;) {
    const inner = loops.findIndex((candidate) => loops.some((outer) => canMerge(outer, candidate)));
    if (inner < 0) return loops.length === nest.loops.length ? nest : withLoops(nest, loops);
    const outer = loops.findIndex((candidate) => canMerge(candidate, loops[inner]!));
    loops[inner] = { ...loops[inner]!, extent: loops[inner]!.extent * loops[outer]!.extent };
    loops.splice(outer, 1);
  }
};

/** Replaces reductions over no elements by the identity of the reduction. */
const withIdentities = (nest: Nest): Nest => ({
  loops: nest.loops.map((loop) => (loop.reduced ? { ...loop, extent: 1 } : loop)),
  loads: nest.loads,
  body: nest.stores.map(({ value, reduce }): Assignment => {
    const { dtype } = nest.body[value]!;
    return { op: 'constant', dtype, value: reduce === null ? 0 : identityOf(reduce, dtype) };
  }),
  stores: nest.stores.map((store, value) => ({ ...store, value, reduce: null })),
});

/** Makes the nest of a region, with all of its loops. */
export const nestOf = ({ extents, reduced, loads, body, stores }: Region): Nest => ({
  loops: extents.map((extent, loop) => ({ extent, reduced: loop >= extents.length - reduced })),
  loads: loads.map(({ strides }) => strides),
  body,
  stores,
});

/** True for a single loop without a reduction. Its extent is then an argument of the generated code. */
export const isFlat = ({ loops }: Nest): boolean => loops.length === 1 && !loops[0]!.reduced;

/** Simplifies a nest: drops loops of one iteration and merges loops. */
export const simplified = (nest: Nest): Nest => {
  if (isFlat(nest)) return nest;
  const isEmpty = nest.loops.some(({ extent, reduced }) => reduced && extent === 0);
  const whole = isEmpty ? withIdentities(nest) : nest;
  const nontrivial = whole.loops.flatMap((loop, from) => (loop.extent === 1 ? [] : [{ ...loop, from }]));
  const simple = withMergedLoops(nontrivial.length === whole.loops.length ? whole : withLoops(whole, nontrivial));
  const reduces = simple.loops.some(({ reduced }) => reduced);
  return reduces ? simple : { ...simple, stores: simple.stores.map((s) => ({ ...s, reduce: null })) };
};

/** For each assignment, the set of loops on which its value depends, one bit per loop. */
export const dependences = (nest: Nest): readonly number[] => {
  const along = (strides: readonly number[]): number =>
    strides.reduce((bits, stride, loop) => (stride === 0 ? bits : bits | (1 << loop)), 0);
  const known: number[] = [];
  for (const a of nest.body) {
    const own = a.op === 'load' ? along(nest.loads[a.load]!) : a.op === 'index' ? along(a.strides) : 0;
    known.push(operandsOf(a).reduce((bits, operand) => bits | known[operand]!, own));
  }
  return known;
};

/** Returns a key that is equal for nests that can share generated code. */
export const keyOf = (nest: Nest): string => {
  let key = isFlat(nest) ? 'n' : nest.loops.map(({ extent, reduced }) => `${reduced ? 'r' : ''}${extent}`).join();
  for (const strides of nest.loads) key += `;${strides.join()}`;
  for (const { strides, value, reduce } of nest.stores) key += `|${strides.join()}=${value}${reduce ?? ''}`;
  for (const a of nest.body) key += `/${assignmentKey(a)}`;
  return key;
};
