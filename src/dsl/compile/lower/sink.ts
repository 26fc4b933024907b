/** Delays calls, so that their results take up memory for a shorter time. */
import { type Buffer, type Call, readsOf, writesOf } from '../plan.js';
import { countsOf } from './classes.js';
import { wholesOf } from './layout.js';

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
  const elementsOf = (b: number): number => (buffers[b]!.storage.kind === 'arena' ? buffers[b]!.elements : 0);
  const partsOf = buffers.map((): number[] => []);
  for (const b of buffers.keys()) for (const whole of wholesOf(buffers, b)) partsOf[whole]!.push(b);
  const writers = countsOf(calls.flatMap((call) => [...new Set(writesOf(call))]));
  const [firstRead, lastRead] = [new Map<number, Place>(), new Map<number, Place>()]; // by buffer
  const places = new Map<Call, Place>();
  const total = (buffers: readonly number[]): number => buffers.reduce((sum, b) => sum + elementsOf(b), 0);
  /** The place of the call at index `at` before a call that uses its results. Calls before the same one keep their order. */
  const justBefore = (use: Place, at: number): Place => ({ at: use.at, ahead: use.ahead + calls.length - at });
  // from the end, so that the readers of a call are placed before it
  for (let at = calls.length - 1; at >= 0; at--) {
    const call = calls[at]!;
    const made = [...new Set(writesOf(call))];
    const reads = [...new Set(readsOf(call).flatMap((b) => [b, ...partsOf[b]!]))];
    const uses = made.flatMap((b) => firstRead.get(b) ?? []);
    const use = uses.reduce<Place | null>(
      (first, next) => (first === null || isBefore(next, first) ? next : first),
      null,
    );
    const kept = reads.filter((b) => use === null || !lastRead.has(b) || isBefore(lastRead.get(b)!, use));
    const results = made.filter((b) => firstRead.has(b)); // without scratch memory
    const movable = made.every((b) => writers.get(b) === 1) && total(kept) < total(results);
    const place = use !== null && movable ? justBefore(use, at) : { at, ahead: 0 };
    places.set(call, place);
    for (const b of reads) {
      if (!firstRead.has(b) || isBefore(place, firstRead.get(b)!)) firstRead.set(b, place);
      if (!lastRead.has(b) || isBefore(lastRead.get(b)!, place)) lastRead.set(b, place);
    }
  }
  return [...calls].sort((a, b) => {
    const [p, q] = [places.get(a)!, places.get(b)!];
    return p.at - q.at || q.ahead - p.ahead;
  });
};
