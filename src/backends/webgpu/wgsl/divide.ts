/**
 * A long reduction into few results as two: into so many pieces of each result that the device has work for all
 * of its parts, then of the pieces. The pieces of one result are always the same terms.
 */
import type { Assignment } from '../../../dsl/region.js';
import type { Nest } from '../../shared/nest.js';
import { BUSY, type GroupSchedule, turnsOf } from './schedule.js';
import type { Draft, Work } from './work.js';

/** An invocation has so many terms of a piece at the least. */
const LEAST_TRIPS = 8;
/** Fewer pieces are not worth another dispatch. */
const LEAST_PIECES = 4;

interface Division {
  readonly loop: number;
  readonly pieces: number;
}

/** The loop to divide, and by how much; null where one dispatch is as good. */
const divisionOf = (work: Work, { vectors, lanes, kept, reduced }: GroupSchedule): Division | null => {
  const turns = turnsOf(work, vectors);
  const countOf = (loop: number): number => lanes.find((l) => l.loop === loop)?.count ?? 1;
  const trips = (loop: number): number => Math.ceil(turns(loop) / countOf(loop));
  const invocations = [
    ...kept,
    ...lanes.map(({ loop }) => loop).filter((loop) => reduced.includes(loop)),
  ].reduce((n, loop) => n * (kept.includes(loop) ? trips(loop) * countOf(loop) : countOf(loop)), 1);
  const allTrips = reduced.reduce((n, loop) => n * trips(loop), 1);
  const wanted = Math.min(Math.ceil(BUSY / invocations), Math.floor(allTrips / LEAST_TRIPS));
  const loop = reduced.reduce((a, b) => (trips(b) > trips(a) ? b : a), reduced[0]!);
  for (let pieces = Math.min(2 * wanted, trips(loop)); pieces >= LEAST_PIECES; pieces--)
    if (turns(loop) % pieces === 0 && 2 * wanted >= pieces)
      return pieces < wanted / 4 ? null : { loop, pieces };
  return null;
};

/** The nest with a loop as two: the outer one, of so many pieces, is kept and comes last of all. */
const split = (nest: Nest, { loop, pieces }: Division, scratch: readonly (readonly number[])[]): Nest => {
  const length = nest.loops[loop]!.extent / pieces;
  const longer = (strides: readonly number[]): readonly number[] => [...strides, strides[loop]! * length];
  return {
    loops: [
      ...nest.loops.map((l, i) => (i === loop ? { ...l, extent: length } : l)),
      { extent: pieces, reduced: false },
    ],
    loads: nest.loads.map(longer),
    body: nest.body.map((a) => (a.op === 'index' ? { ...a, strides: longer(a.strides) } : a)),
    stores: nest.stores.map((store, s) => ({ ...store, strides: scratch[s]! })),
  };
};

/** The two works that a reduction becomes, the first into working memory. */
export const divided = (work: Work, schedule: GroupSchedule): readonly [Draft, Draft] | null => {
  const division = divisionOf(work, schedule);
  if (division === null) return null;
  const { nest, loads, stores, elementsOf } = work;
  const { pieces } = division;
  // dense over the kept loops, the nearest innermost, and over the pieces of them all
  const inward = new Map<number, number>();
  let results = 1;
  for (const loop of schedule.kept) {
    inward.set(loop, results);
    results *= nest.loops[loop]!.extent;
  }
  const strides = [...nest.loops.map((_, loop) => inward.get(loop) ?? 0), results];
  const scratch = work.bindings.length;
  const bindings = [
    ...work.bindings,
    { kind: 'scratch', elements: stores.length * pieces * results },
  ] as const;
  const parts = stores.map((_, s) => ({ binding: scratch, offset: s * pieces * results }));
  const kept = nest.loops.flatMap(({ reduced }, loop) => (reduced ? [] : [loop]));
  const [all, over] = [nest.loops.length, (s: readonly number[]) => kept.map((loop) => s[loop]!)];
  return [
    {
      nest: split(
        nest,
        division,
        stores.map(() => strides),
      ),
      loads,
      stores: parts,
      bindings,
      elementsOf: (b) => (b === scratch ? null : elementsOf(b)),
    },
    {
      nest: {
        loops: [...kept.map((loop) => nest.loops[loop]!), { extent: pieces, reduced: true }],
        loads: parts.map(() => [...over(strides), strides[all]!]),
        body: nest.stores.map(({ value }, load): Assignment => ({
          op: 'load',
          load,
          dtype: nest.body[value]!.dtype,
        })),
        stores: nest.stores.map((store, value) => ({
          ...store,
          value,
          strides: [...over(store.strides), 0],
        })),
      },
      loads: parts,
      stores,
      bindings,
      elementsOf,
    },
  ];
};
