/** Loop nests: regions without their buffers, with as few loops as there can be. */
import type { Assignment, Region } from '../../dsl/region.js';
import type { ReduceFn } from '../../dsl/node.js';
import { identityOf } from './scalar.js';

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

/** What a region computes, apart from where. Strides count elements, one for each loop. */
export interface Nest {
  readonly loops: readonly Loop[];
  readonly loads: readonly (readonly number[])[];
  readonly body: readonly Assignment[];
  readonly stores: readonly NestStore[];
}

/** Positions of the assignments that an assignment uses. */
export const operandsOf = (a: Assignment): readonly number[] => {
  switch (a.op) {
    case 'unary':
    case 'cast':
      return [a.a];
    case 'binary':
      return [a.a, a.b];
    case 'select':
      return [a.condition, a.a, a.b];
    default:
      return [];
  }
};

/** The nest over some of its loops, in the order given, some of them with other extents. */
const withLoops = (nest: Nest, loops: readonly (Loop & { readonly from: number })[]): Nest => {
  const pick = (strides: readonly number[]): readonly number[] => loops.map(({ from }) => strides[from]!);
  return {
    loops: loops.map(({ extent, reduced }) => ({ extent, reduced })),
    loads: nest.loads.map(pick),
    stores: nest.stores.map((store) => ({ ...store, strides: pick(store.strides) })),
    body: nest.body.map((a) => (a.op === 'index' ? { ...a, strides: pick(a.strides) } : a)),
  };
};

/** Joins loops of one kind that everything walks as one, wherever they stand: the order of loops is free. */
const joined = (nest: Nest): Nest => {
  const { loads, stores, body } = nest;
  const loops = nest.loops.map((loop, from) => ({ ...loop, from }));
  const joins = (outer: (typeof loops)[number], inner: (typeof loops)[number]): boolean => {
    if (outer === inner || outer.reduced !== inner.reduced) return false;
    const goesOn = (s: readonly number[]): boolean => s[outer.from] === s[inner.from]! * inner.extent;
    return (
      stores.every(({ strides }) => goesOn(strides)) &&
      loads.every(goesOn) &&
      body.every((a) => a.op !== 'index' || goesOn(a.strides))
    );
  };
  for (;;) {
    const inner = loops.findIndex((candidate) => loops.some((outer) => joins(outer, candidate)));
    if (inner < 0) return loops.length === nest.loops.length ? nest : withLoops(nest, loops);
    const outer = loops.findIndex((candidate) => joins(candidate, loops[inner]!));
    loops[inner] = { ...loops[inner]!, extent: loops[inner]!.extent * loops[outer]!.extent };
    loops.splice(outer, 1);
  }
};

/** Reductions over nothing give their identity. */
const overNothing = (nest: Nest): Nest => ({
  loops: nest.loops.map((loop) => (loop.reduced ? { ...loop, extent: 1 } : loop)),
  loads: nest.loads,
  body: nest.stores.map(({ value, reduce }): Assignment => {
    const { dtype } = nest.body[value]!;
    return { op: 'constant', dtype, value: reduce === null ? 0 : identityOf(reduce, dtype) };
  }),
  stores: nest.stores.map((store, value) => ({ ...store, value, reduce: null })),
});

/** A region's loops as they stand. */
export const nestOf = ({ extents, reduced, loads, body, stores }: Region): Nest => ({
  loops: extents.map((extent, loop) => ({ extent, reduced: loop >= extents.length - reduced })),
  loads: loads.map(({ strides }) => strides),
  body,
  stores,
});

/** Whether the nest is one loop that keeps everything: its extent is then an argument of the code. */
export const isFlat = ({ loops }: Nest): boolean => loops.length === 1 && !loops[0]!.reduced;

/** The simplest nest that does the same: no loop of one iteration, none that could be joined. */
export const simplified = (nest: Nest): Nest => {
  if (isFlat(nest)) return nest;
  const isEmpty = nest.loops.some(({ extent, reduced }) => reduced && extent === 0);
  const whole = isEmpty ? overNothing(nest) : nest;
  const several = whole.loops.flatMap((loop, from) => (loop.extent === 1 ? [] : [{ ...loop, from }]));
  const simple = joined(several.length === whole.loops.length ? whole : withLoops(whole, several));
  const reduces = simple.loops.some(({ reduced }) => reduced);
  return reduces ? simple : { ...simple, stores: simple.stores.map((s) => ({ ...s, reduce: null })) };
};

/** For each assignment the loops that its value varies with, one bit each. */
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

const assignmentKey = (a: Assignment): string => {
  switch (a.op) {
    case 'load':
      return `l${a.load}`;
    case 'constant':
      return `c${Object.is(a.value, -0) ? '-0' : a.value}`;
    case 'index':
      return `i${a.offset}+${a.strides.join()}`;
    case 'unary':
      return `${a.fn}${a.a}`;
    case 'binary':
      return `${a.fn}${a.a},${a.b}`;
    case 'select':
      return `s${a.condition},${a.a},${a.b}`;
    case 'cast':
      return `t${a.a}`;
  }
};

/** Equal for nests that the same code carries out. */
export const keyOf = (nest: Nest): string => {
  let key = isFlat(nest)
    ? 'n'
    : nest.loops.map(({ extent, reduced }) => `${reduced ? 'r' : ''}${extent}`).join();
  for (const strides of nest.loads) key += `;${strides.join()}`;
  for (const { strides, value, reduce } of nest.stores) key += `|${strides.join()}=${value}${reduce ?? ''}`;
  for (const a of nest.body) key += `/${a.dtype[0]}${assignmentKey(a)}`;
  return key;
};
