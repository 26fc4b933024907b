/** Merges regions and orders calls. */
import type { Buffer, Call, Origin } from '../plan.js';
import type { Region } from '../../graph/region.js';
import { readsOf, wholesOf, writesOf } from './layout.js';
import { type Group, groupOf, joined, merged } from './merge.js';

const joinedOrigin = (a: Origin, b: Origin): Origin => ({
  place: a.place || b.place,
  label: a.label === b.label ? a.label : `${a.label}, ${b.label}`,
});

/** The buffers that can join a region to others: those read at another element in each iteration, so no shared scalars. */
const sharedReads = ({ loads }: Region): readonly number[] =>
  loads.flatMap(({ buffer, strides }) => (strides.every((s) => s !== 0) ? [buffer] : []));

/** The number of earlier regions to try for each buffer, the latest first. */
const CANDIDATES = 32;

/**
 * Merges each region into an earlier one that reads or writes a buffer that it reads, if its other operands are computed
 * before: the update of a parameter by an optimizer becomes one loop. The `waiting` regions stay in place. A merged region
 * accesses at most `mostBuffers` buffers.
 */
export const joinRegions = (
  calls: readonly Call[],
  waiting: ReadonlySet<Call>,
  buffers: readonly Buffer[],
  mostBuffers = Infinity,
): readonly Call[] => {
  const kept: { readonly origin: Origin; readonly call: Call; readonly group: Group | null }[] = [];
  const writtenAt = new Map<number, number>(); // last write of a buffer
  const partAt = new Map<number, number>(); // last write of a part of a buffer
  const readAt = new Map<number, number[]>(); // regions that read a buffer, in order
  const later = (times: Map<number, number>, b: number, at: number): unknown =>
    times.set(b, Math.max(at, times.get(b) ?? 0));
  const note = (call: Call, at: number): void => {
    for (const b of writesOf(call)) {
      later(writtenAt, b, at);
      for (const whole of wholesOf(buffers, b)) later(partAt, whole, at);
    }
    if (call.kind !== 'region') return;
    for (const b of readsOf(call)) {
      const readers = readAt.get(b) ?? [];
      if (readers.at(-1) !== at) readers.push(at);
      readAt.set(b, readers);
    }
  };
  for (const call of calls) {
    const group = call.kind === 'region' ? groupOf(call.region) : null;
    if (call.kind === 'region' && group !== null && !waiting.has(call) && mergeInto(call, group)) continue;
    note(call, kept.push({ origin: call.origin, call, group }) - 1);
  }
  return kept.map(({ origin, call, group }) =>
    group === null ? call : { kind: 'region', origin, region: merged(group) },
  );

  /** Merges a region into an earlier one; false if there is none. */
  function mergeInto(call: Extract<Call, { kind: 'region' }>, own: Group): boolean {
    const reads = readsOf(call);
    const ready = Math.max(-1, ...reads.map((b) => writtenAt.get(b) ?? -1));
    // several regions fill one buffer or its parts (pad, concat): keep their order
    const writes = writesOf(call);
    const after = Math.max(
      -1,
      ...[...writes, ...writes.flatMap((b) => wholesOf(buffers, b))].map((b) => writtenAt.get(b) ?? -1),
      ...[...writes, ...reads].map((b) => partAt.get(b) ?? -1),
    );
    const candidates = sharedReads(call.region).flatMap((b) => [
      ...(readAt.get(b) ?? []).slice(-CANDIDATES),
      writtenAt.get(b) ?? -1,
    ]);
    for (const at of [...new Set(candidates)].sort((a, b) => b - a)) {
      const host = at < ready || at <= after ? undefined : kept[at];
      const group = host?.group ? joined(host.group, own, mostBuffers) : null;
      if (host === undefined || group === null) continue;
      kept[at] = { origin: joinedOrigin(host.origin, call.origin), call: host.call, group };
      note(call, at);
      return true;
    }
    return false;
  }
};

/**
 * Moves calls down to their first use if their results are larger than the operands that this keeps alive. Counts memory in
 * the arena only.
 */
export const sink = (calls: readonly Call[], buffers: readonly Buffer[]): readonly Call[] => {
  const elementsOf = (b: number): number => (buffers[b]!.storage.kind === 'arena' ? buffers[b]!.elements : 0);
  const partsOf = new Map<number, number[]>();
  buffers.forEach((_, b) => {
    for (const whole of wholesOf(buffers, b)) {
      const parts = partsOf.get(whole) ?? [];
      parts.push(b);
      partsOf.set(whole, parts);
    }
  });
  const writers = new Map<number, number>();
  for (const call of calls) for (const b of new Set(writesOf(call))) writers.set(b, (writers.get(b) ?? 0) + 1);
  const firstRead = new Map<number, number>();
  const lastRead = new Map<number, number>();
  const places = new Map<Call, number>();
  const total = (buffers: readonly number[]): number => buffers.reduce((sum, b) => sum + elementsOf(b), 0);
  // from the end, so that the readers of a call are placed before it
  for (let at = calls.length - 1; at >= 0; at--) {
    const call = calls[at]!;
    const made = [...new Set(writesOf(call))];
    const reads = [...new Set(readsOf(call).flatMap((b) => [b, ...(partsOf.get(b) ?? [])]))];
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
