/** Delays calls, so that their results take up memory for a shorter time. */
import { type Buffer, type Call, readsOf, writesOf } from '../../plan/plan.js';
import { countsOf } from './classes.js';
import { wholesOf } from './layout.js';
import { elementAt, entryOf } from '../../../internal/lookup.js';

/** A position in the new order of calls. */
interface Place {
  /** The index, in the old order, of the call that the call is moved to. */
  readonly at: number;
  /** The distance before that call; 0 for the call itself. Several calls may be moved to one: the greatest distance comes first. */
  readonly ahead: number;
}

const isBefore = (a: Place, b: Place): boolean => a.at < b.at || (a.at === b.at && a.ahead > b.ahead);

/**
 * Moves calls down to their first use if their results are larger than the operands that the move keeps alive. Counts
 * only memory in the arena.
 */
export const sink = (calls: readonly Call[], buffers: readonly Buffer[]): readonly Call[] => {
  const elementsOf = (b: number): number => {
    const { storage, elements } = elementAt(buffers, b);
    return storage.kind === 'arena' ? elements : 0;
  };
  const partsOf = buffers.map((): number[] => []);
  for (const b of buffers.keys()) for (const whole of wholesOf(buffers, b)) elementAt(partsOf, whole).push(b);
  const writers = countsOf(calls.flatMap((call) => [...new Set(writesOf(call))]));
  const [firstRead, lastRead] = [new Map<number, Place>(), new Map<number, Place>()]; // by buffer
  const places = new Map<Call, Place>();
  const total = (buffers: readonly number[]): number => buffers.reduce((sum, b) => sum + elementsOf(b), 0);
  /**
   * The place of the call at index `at`: before the first call that uses its results. Calls with the same first use
   * keep their order.
   */
  const justBefore = (use: Place, at: number): Place => ({ at: use.at, ahead: use.ahead + calls.length - at });
  // from the end, so that the readers of a call are placed before it
  for (let at = calls.length - 1; at >= 0; at--) {
    const call = calls[at]!;
    const outputs = [...new Set(writesOf(call))];
    const reads = [...new Set(readsOf(call).flatMap((b) => [b, ...elementAt(partsOf, b)]))];
    const uses = outputs.flatMap((b) => firstRead.get(b) ?? []);
    const use = uses.reduce<Place | null>(
      (first, next) => (first === null || isBefore(next, first) ? next : first),
      null,
    );
    const isKept = (last: Place | undefined) => use === null || last === undefined || isBefore(last, use);
    const live = reads.filter((b) => isKept(lastRead.get(b)));
    const results = outputs.filter((b) => firstRead.has(b)); // without scratch memory
    const movable = outputs.every((b) => writers.get(b) === 1) && total(live) < total(results);
    const place = use !== null && movable ? justBefore(use, at) : { at, ahead: 0 };
    places.set(call, place);
    for (const b of reads) {
      const [first = place, last = place] = [firstRead.get(b), lastRead.get(b)];
      firstRead.set(b, isBefore(place, first) ? place : first);
      lastRead.set(b, isBefore(last, place) ? place : last);
    }
  }
  return [...calls].sort((a, b) => {
    const [p, q] = [entryOf(places, a), entryOf(places, b)];
    return p.at - q.at || q.ahead - p.ahead;
  });
};
