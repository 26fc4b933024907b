/**
 * Splits a long reduction with few results into two stages. The first stage computes several partial results (pieces)
 * of each result, enough to occupy the whole device; the second stage combines them. A piece always consists of the
 * same terms, so results are reproducible.
 */
import type { Assignment } from '../../../dsl/graph/region.js';
import type { Nest } from '../../shared/regions/nest.js';
import type { Place } from './bindings.js';
import { type GroupSchedule, invocationsFor, iterationsOf } from './schedule.js';
import type { RawNest, View, BoundNest } from './boundNest.js';

/** Minimum number of terms of a piece per invocation. */
const MIN_TRIPS = 8;
/** Maximum number of terms of a piece per invocation: long sequential sums lose digits. */
const MAX_TRIPS = 4096;
/** Minimum number of pieces that is worth another dispatch. */
const MIN_PIECES = 4;

interface ReductionSplit {
  readonly loop: number;
  /** Number of pieces of full length. */
  readonly pieces: number;
  readonly length: number;
  /** Length of the remainder of the loop, which is one more piece; 0 if there is none. */
  readonly remainder: number;
}

/** The largest divisor of an extent between half and twice the wanted number; 0 if there is none. */
const divisorNear = (extent: number, target: number): number => {
  for (let divisor = Math.min(extent, 2 * target); 2 * divisor >= target; divisor--)
    if (extent % divisor === 0) return divisor;
  return 0;
};

/** Chooses the loop to split and the pieces; null if one dispatch is as good. */
const chooseSplit = (bound: BoundNest, { vectors, lanes, free, reduced }: GroupSchedule): ReductionSplit | null => {
  const iterations = iterationsOf(bound, vectors);
  const countOf = (loop: number): number => lanes.find((l) => l.loop === loop)?.count ?? 1;
  const trips = (loop: number): number => Math.ceil(iterations(loop) / countOf(loop));
  const invocations =
    free.reduce((n, loop) => n * trips(loop) * countOf(loop), 1) * reduced.reduce((n, loop) => n * countOf(loop), 1);
  const allTrips = reduced.reduce((n, loop) => n * trips(loop), 1);
  const loop = reduced.reduce((a, b) => (trips(b) > trips(a) ? b : a), reduced[0]!);
  const useful = Math.min(Math.ceil(invocationsFor(bound, vectors) / invocations), Math.floor(allTrips / MIN_TRIPS));
  const target = Math.min(Math.max(useful, Math.ceil(allTrips / MAX_TRIPS)), trips(loop));
  if (target < MIN_PIECES) return null;
  const unit = loop === vectors.loop ? 4 : 1;
  const even = divisorNear(iterations(loop), target);
  const length = even > 0 ? iterations(loop) / even : Math.ceil(iterations(loop) / target);
  const pieces = Math.floor(iterations(loop) / length);
  return { loop, pieces, length: unit * length, remainder: unit * (iterations(loop) - pieces * length) };
};

/** Strides of the loops of a nest, followed by the stride between pieces. */
type Strides = readonly number[];

/** The nest that computes the pieces of full length. */
const pieceNest = (nest: Nest, { loop, pieces, length }: ReductionSplit, into: Strides): Nest => {
  const longer = (strides: Strides): Strides => [...strides, strides[loop]! * length];
  return {
    loops: [
      ...nest.loops.map((l, i) => (i === loop ? { ...l, extent: length } : l)),
      { extent: pieces, reduced: false },
    ],
    loads: nest.loads.map(longer),
    body: nest.body.map((a) => (a.op === 'index' ? { ...a, strides: longer(a.strides) } : a)),
    stores: nest.stores.map((store) => ({ ...store, strides: into })),
  };
};

/** The nest that computes the piece of the remainder. */
const remainderNest = (nest: Nest, { loop, pieces, length, remainder }: ReductionSplit, into: Strides): Nest => ({
  loops: nest.loops.map((l, i) => (i === loop ? { ...l, extent: remainder } : l)),
  loads: nest.loads,
  body: nest.body.map((a) => (a.op === 'index' ? { ...a, offset: a.offset + a.strides[loop]! * pieces * length } : a)),
  stores: nest.stores.map((store) => ({ ...store, strides: into.slice(0, -1) })),
});

/** The nest that combines the pieces of each result. */
const combiningNest = (nest: Nest, count: number, from: Strides): Nest => {
  const free = nest.loops.flatMap(({ reduced }, loop) => (reduced ? [] : [loop]));
  const over = (strides: Strides): Strides => free.map((loop) => strides[loop]!);
  return {
    loops: [...free.map((loop) => nest.loops[loop]!), { extent: count, reduced: true }],
    loads: nest.stores.map(() => [...over(from), from.at(-1)!]),
    body: nest.stores.map(({ value }, load): Assignment => ({
      op: 'load',
      load,
      dtype: nest.body[value]!.dtype,
    })),
    stores: nest.stores.map((store, value) => ({ ...store, value, strides: [...over(store.strides), 0] })),
  };
};

/**
 * Splits a reduction. The first stages write to scratch memory, the last one to the results. Null if the reduction is
 * not split.
 */
export const splitReduction = (bound: BoundNest, schedule: GroupSchedule): readonly RawNest[] | null => {
  const split = chooseSplit(bound, schedule);
  if (split === null) return null;
  const { nest, loads, stores, elementsOf } = bound;
  const { loop, pieces, length, remainder } = split;
  const count = remainder > 0 ? pieces + 1 : pieces;
  // partial results are dense: the nearest free loop is innermost, and the pieces are outermost
  const resultStrides = new Map<number, number>();
  let results = 1;
  for (const loop of schedule.free) {
    resultStrides.set(loop, results);
    results *= nest.loops[loop]!.extent;
  }
  const strides = [...nest.loops.map((_, l) => resultStrides.get(l) ?? 0), results];
  const scratch = bound.bindings.length;
  const bindings = [...bound.bindings, { kind: 'scratch', elements: stores.length * count * results }] as const;
  const partsFrom = (piece: number): readonly Place[] =>
    stores.map((_, s) => ({ binding: scratch, offset: (s * count + piece) * results }));
  const moved = (view: View): Place => ({
    ...view,
    offset: view.offset + view.strides[loop]! * pieces * length,
  });
  const whole = { bindings, elementsOf: (b: number) => (b === scratch ? null : elementsOf(b)) };
  const first = { ...whole, nest: pieceNest(nest, split, strides), loads, stores: partsFrom(0) };
  const last = {
    ...whole,
    nest: remainderNest(nest, split, strides),
    loads: loads.map(moved),
    stores: partsFrom(pieces),
  };
  const all = { ...whole, nest: combiningNest(nest, count, strides), loads: partsFrom(0), stores };
  return remainder > 0 ? [first, last, all] : [first, all];
};
