/** Orders calls, and joins regions while it does. */
import type { Call, Origin } from '../plan.js';
import { readsOf, writesOf } from './layout.js';
import { merged } from './merge.js';

const joinedOrigin = (a: Origin, b: Origin): Origin => ({
  place: a.place || b.place,
  label: a.label === b.label ? a.label : `${a.label}, ${b.label}`,
});

/**
 * Runs regions together with an earlier one where they read what it reads or writes, and everything
 * else that they need is there by then: an optimiser's update of one parameter becomes one loop.
 */
export const joinRegions = (calls: readonly Call[]): readonly Call[] => {
  const kept: (Call | null)[] = [];
  const writtenAt = new Map<number, number>(); // last write of a buffer
  const readAt = new Map<number, Set<number>>(); // regions that read a buffer
  const note = (call: Call, at: number): void => {
    for (const b of writesOf(call)) writtenAt.set(b, Math.max(at, writtenAt.get(b) ?? 0));
    if (call.kind !== 'region') return;
    for (const b of readsOf(call)) {
      const readers = readAt.get(b) ?? new Set<number>();
      readAt.set(b, readers.add(at));
    }
  };
  for (const call of calls) {
    if (call.kind !== 'region') {
      note(call, kept.push(call) - 1);
      continue;
    }
    const reads = readsOf(call);
    const ready = Math.max(-1, ...reads.map((b) => writtenAt.get(b) ?? -1));
    const candidates = new Set(reads.flatMap((b) => [...(readAt.get(b) ?? []), writtenAt.get(b) ?? -1]));
    // several regions fill one buffer (pad, concat): the later must not overtake the earlier
    const after = Math.max(-1, ...writesOf(call).map((b) => writtenAt.get(b) ?? -1));
    const host = [...candidates]
      .sort((a, b) => b - a)
      .find((at) => {
        const other = at < 0 || at < ready || at <= after ? null : kept[at];
        return other?.kind === 'region' && merged(other.region, call.region) !== null;
      });
    const other = host === undefined ? undefined : kept[host];
    const region = other?.kind === 'region' ? merged(other.region, call.region) : null;
    if (host === undefined || other === undefined || other === null || region === null) {
      note(call, kept.push(call) - 1);
      continue;
    }
    const together: Call = { kind: 'region', region, origin: joinedOrigin(other.origin, call.origin) };
    kept[host] = together;
    note(together, host);
  }
  return kept.filter((call) => call !== null);
};

/**
 * Moves calls down to just before their first use where what they make is larger than what they would
 * keep alive meanwhile. `elementsOf` counts 0 for memory that is there anyway.
 */
export const sink = (calls: readonly Call[], elementsOf: (buffer: number) => number): readonly Call[] => {
  const writers = new Map<number, number>();
  for (const call of calls)
    for (const b of new Set(writesOf(call))) writers.set(b, (writers.get(b) ?? 0) + 1);
  const firstRead = new Map<number, number>();
  const lastRead = new Map<number, number>();
  const places = new Map<Call, number>();
  const total = (buffers: readonly number[]): number => buffers.reduce((sum, b) => sum + elementsOf(b), 0);
  // from the end, so that a call's readers have found their places before it
  for (let at = calls.length - 1; at >= 0; at--) {
    const call = calls[at]!;
    const made = [...new Set(writesOf(call))];
    const reads = [...new Set(readsOf(call))];
    const use = Math.min(Infinity, ...made.map((b) => firstRead.get(b) ?? Infinity));
    const kept = reads.filter((b) => (lastRead.get(b) ?? at) < use);
    const movable = use !== Infinity && made.every((b) => writers.get(b) === 1) && total(kept) < total(made);
    const place = movable ? use - 1e-6 * (calls.length - at) : at;
    places.set(call, place);
    for (const b of reads) {
      firstRead.set(b, Math.min(place, firstRead.get(b) ?? Infinity));
      lastRead.set(b, Math.max(place, lastRead.get(b) ?? -1));
    }
  }
  return [...calls].sort((a, b) => places.get(a)! - places.get(b)!);
};
