/**
 * A long reduction into few results as several: into so many pieces of each result that the device has work for
 * all of its parts, then of the pieces. The pieces of one result are always the same terms.
 */
import type { Assignment } from '../../../dsl/region.js';
import type { Nest } from '../../shared/nest.js';
import type { Place } from './memory.js';
import { type GroupSchedule, invocationsFor, turnsOf } from './schedule.js';
import type { Draft, View, Work } from './work.js';

/** An invocation has so many terms of a piece at the least, */
const LEAST_TRIPS = 8;
/** and so many at the most: what one after another adds up loses digits. */
const MOST_TRIPS = 4096;
/** Fewer pieces are not worth another dispatch. */
const LEAST_PIECES = 4;

interface Division {
  readonly loop: number;
  /** Pieces of one length. */
  readonly pieces: number;
  readonly length: number;
  /** What is left of the loop, as one more piece. */
  readonly rest: number;
}

/** The largest divisor of an extent that is about as large as wanted; 0 where there is none. */
const divisorNear = (extent: number, wanted: number): number => {
  for (let divisor = Math.min(extent, 2 * wanted); 2 * divisor >= wanted; divisor--)
    if (extent % divisor === 0) return divisor;
  return 0;
};

/** The loop to divide, and how; null where one dispatch is as good. */
const divisionOf = (work: Work, { vectors, lanes, kept, reduced }: GroupSchedule): Division | null => {
  const turns = turnsOf(work, vectors);
  const countOf = (loop: number): number => lanes.find((l) => l.loop === loop)?.count ?? 1;
  const trips = (loop: number): number => Math.ceil(turns(loop) / countOf(loop));
  const invocations =
    kept.reduce((n, loop) => n * trips(loop) * countOf(loop), 1) *
    reduced.reduce((n, loop) => n * countOf(loop), 1);
  const allTrips = reduced.reduce((n, loop) => n * trips(loop), 1);
  const loop = reduced.reduce((a, b) => (trips(b) > trips(a) ? b : a), reduced[0]!);
  const busy = Math.min(
    Math.ceil(invocationsFor(work, vectors) / invocations),
    Math.floor(allTrips / LEAST_TRIPS),
  );
  const wanted = Math.min(Math.max(busy, Math.ceil(allTrips / MOST_TRIPS)), trips(loop));
  if (wanted < LEAST_PIECES) return null;
  const unit = loop === vectors.loop ? 4 : 1;
  const even = divisorNear(turns(loop), wanted);
  const length = even > 0 ? turns(loop) / even : Math.ceil(turns(loop) / wanted);
  const pieces = Math.floor(turns(loop) / length);
  return { loop, pieces, length: unit * length, rest: unit * (turns(loop) - pieces * length) };
};

/** Strides of the loops of a nest and of the pieces, which come last. */
type Strides = readonly number[];

/** The nest over the pieces of one length. */
const overPieces = (nest: Nest, { loop, pieces, length }: Division, into: Strides): Nest => {
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

/** The nest over the rest of the loop. */
const overRest = (nest: Nest, { loop, pieces, length, rest }: Division, into: Strides): Nest => ({
  loops: nest.loops.map((l, i) => (i === loop ? { ...l, extent: rest } : l)),
  loads: nest.loads,
  body: nest.body.map((a) =>
    a.op === 'index' ? { ...a, offset: a.offset + a.strides[loop]! * pieces * length } : a,
  ),
  stores: nest.stores.map((store) => ({ ...store, strides: into.slice(0, -1) })),
});

/** The nest that reduces the pieces, over the kept loops. */
const overResults = (nest: Nest, count: number, from: Strides): Nest => {
  const kept = nest.loops.flatMap(({ reduced }, loop) => (reduced ? [] : [loop]));
  const over = (strides: Strides): Strides => kept.map((loop) => strides[loop]!);
  return {
    loops: [...kept.map((loop) => nest.loops[loop]!), { extent: count, reduced: true }],
    loads: nest.stores.map(() => [...over(from), from.at(-1)!]),
    body: nest.stores.map(({ value }, load): Assignment => ({
      op: 'load',
      load,
      dtype: nest.body[value]!.dtype,
    })),
    stores: nest.stores.map((store, value) => ({ ...store, value, strides: [...over(store.strides), 0] })),
  };
};

/** The works that a reduction becomes, the first ones into working memory; null where it stays one. */
export const divided = (work: Work, schedule: GroupSchedule): readonly Draft[] | null => {
  const division = divisionOf(work, schedule);
  if (division === null) return null;
  const { nest, loads, stores, elementsOf } = work;
  const { loop, pieces, length, rest } = division;
  const count = rest > 0 ? pieces + 1 : pieces;
  // dense over the kept loops, the nearest innermost, and over the pieces of them all
  const inward = new Map<number, number>();
  let results = 1;
  for (const kept of schedule.kept) {
    inward.set(kept, results);
    results *= nest.loops[kept]!.extent;
  }
  const strides = [...nest.loops.map((_, l) => inward.get(l) ?? 0), results];
  const scratch = work.bindings.length;
  const bindings = [
    ...work.bindings,
    { kind: 'scratch', elements: stores.length * count * results },
  ] as const;
  const partsFrom = (piece: number): readonly Place[] =>
    stores.map((_, s) => ({ binding: scratch, offset: (s * count + piece) * results }));
  const moved = (view: View): Place => ({
    ...view,
    offset: view.offset + view.strides[loop]! * pieces * length,
  });
  const whole = { bindings, elementsOf: (b: number) => (b === scratch ? null : elementsOf(b)) };
  const first = { ...whole, nest: overPieces(nest, division, strides), loads, stores: partsFrom(0) };
  const last = {
    ...whole,
    nest: overRest(nest, division, strides),
    loads: loads.map(moved),
    stores: partsFrom(pieces),
  };
  const all = { ...whole, nest: overResults(nest, count, strides), loads: partsFrom(0), stores };
  return rest > 0 ? [first, last, all] : [first, all];
};
