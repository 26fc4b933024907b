/** Loop nests: regions without their buffers, with as few loops as there can be. */
import type { Assignment, Region } from '../../../dsl/region.js';
import type { ReduceFn } from '../../../dsl/node.js';
import { identityOf } from '../../shared/scalar.js';

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

/** The strides of everything that has strides, each once. */
const allStrides = ({ loads, stores, body }: Nest): readonly (readonly number[])[] => [
  ...loads,
  ...stores.map(({ strides }) => strides),
  ...body.flatMap((a) => (a.op === 'index' ? [a.strides] : [])),
];

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
  const strides = allStrides(nest);
  const loops = nest.loops.map((loop, from) => ({ ...loop, from }));
  const joins = (outer: (typeof loops)[number], inner: (typeof loops)[number]): boolean =>
    outer !== inner &&
    outer.reduced === inner.reduced &&
    strides.every((s) => s[outer.from] === s[inner.from]! * inner.extent);
  for (;;) {
    const inner = loops.findIndex((candidate) => loops.some((outer) => joins(outer, candidate)));
    if (inner < 0) return withLoops(nest, loops);
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

/** The simplest nest that does the work of a region: no loop of one iteration, none that could be joined. */
export const nestOf = (region: Region): Nest => {
  const kept = region.extents.length - region.reduced;
  const nest: Nest = {
    loops: region.extents.map((extent, loop) => ({ extent, reduced: loop >= kept })),
    loads: region.loads.map(({ strides }) => strides),
    body: region.body,
    stores: region.stores.map(({ strides, value, reduce }) => ({ strides, value, reduce })),
  };
  const empty = nest.loops.some(({ extent, reduced }) => reduced && extent === 0);
  const whole = empty ? overNothing(nest) : nest;
  const several = whole.loops.map((loop, from) => ({ ...loop, from })).filter(({ extent }) => extent !== 1);
  const simple = joined(withLoops(whole, several));
  const reduces = simple.loops.some(({ reduced }) => reduced);
  return reduces ? simple : { ...simple, stores: simple.stores.map((s) => ({ ...s, reduce: null })) };
};

/** Whether the nest is one loop that keeps everything: its extent is then an argument of the code. */
export const isFlat = ({ loops }: Nest): boolean => loops.length === 1 && !loops[0]!.reduced;

const assignmentKey = (a: Assignment): string => {
  switch (a.op) {
    case 'load':
      return `l${a.load}`;
    case 'constant':
      return `c${Object.is(a.value, -0) ? '-0' : a.value}`;
    case 'index':
      return `i${a.offset}+${a.strides.join()}`;
    case 'unary':
    case 'binary':
      return `${a.fn}${operandsOf(a).join()}`;
    default:
      return `${a.op}${operandsOf(a).join()}`;
  }
};

/** Equal for nests that the same code carries out. */
export const keyOf = (nest: Nest): string =>
  [
    nest.loops.map(({ extent, reduced }) => `${reduced ? 'r' : ''}${isFlat(nest) ? '' : extent}`).join(),
    nest.loads.map((strides) => strides.join()).join(';'),
    nest.stores.map(({ strides, value, reduce }) => `${strides.join()}=${value}${reduce ?? ''}`).join(';'),
    nest.body.map((a) => `${a.dtype[0]}${assignmentKey(a)}`).join(';'),
  ].join('|');
