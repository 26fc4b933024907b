/** Merges regions with the same loops into one region with several stores. */
import {
  type Access,
  type Assignment,
  assignmentKey,
  type Region,
  type Store,
  withOperands,
} from '../../graph/region.js';
import { type Buffer, type Call, type Origin, readsOf, writesOf } from '../../plan/plan.js';
import { wholesOf } from './layout.js';

/** The maximum number of accesses of a merged region, excluding scalars, so that pointers stay in registers. */
const MOST_ACCESSES = 16;

const accessKey = ({ buffer, offset, strides }: Access): string => `${buffer}@${offset}:${strides.join()}`;

/** Regions to merge, and their accesses, which decide if more can be added. */
interface Group {
  readonly regions: readonly Region[];
  readonly loops: string;
  /** By key: the loads of elements that the group did not store earlier. */
  readonly loads: ReadonlyMap<string, Access>;
  /** By buffer. */
  readonly stores: ReadonlyMap<number, Store>;
}

const groupOf = (region: Region): Group => ({
  regions: [region],
  loops: `${region.extents.join()}|${region.reduced}`,
  loads: new Map(region.loads.map((access) => [accessKey(access), access])),
  stores: new Map(region.stores.map((store) => [store.buffer, store])),
});

/**
 * Appends group `b` to group `a`. Null if their loops differ, if one loads at another index a buffer that the other stores,
 * or if they access too many buffers.
 */
const join = (a: Group, b: Group, mostBuffers: number): Group | null => {
  if (a.loops !== b.loops) return null;
  if ([...a.loads.values(), ...a.stores.values()].some(({ buffer }) => b.stores.has(buffer))) return null;
  const loads = new Map(a.loads);
  for (const [key, load] of b.loads) {
    const store = a.stores.get(load.buffer);
    if (store === undefined) loads.set(key, load);
    else if (store.reduce !== null || accessKey(store) !== key) return null;
  }
  const stores = new Map([...a.stores, ...b.stores]);
  const moving = [...loads.values()].filter(({ strides }) => strides.some((stride) => stride !== 0));
  const buffers = new Set([...loads.values(), ...stores.values()].map(({ buffer }) => buffer));
  if (moving.length + stores.size > MOST_ACCESSES || buffers.size > mostBuffers) return null;
  return { regions: [...a.regions, ...b.regions], loops: a.loops, loads, stores };
};

/**
 * Merges the regions of a group. Passes stored elements that a later region loads as values, and removes duplicate
 * assignments.
 */
const merged = ({ regions }: Group): Region => {
  const [first] = regions as readonly [Region, ...Region[]];
  const loads: Access[] = [];
  const body: Assignment[] = [];
  const stores: Store[] = [];
  const known = new Map<string, number>(); // assignments, and loads by access
  const results = new Map<string, number>(); // values of stores by access
  for (const region of regions) {
    const renamed: number[] = [];
    const keys = region.loads.map(accessKey);
    for (const a of region.body) {
      const moved = withOperands(a, (i) => renamed[i]!);
      const key = a.op === 'load' ? keys[a.load]! : assignmentKey(moved);
      let value = (a.op === 'load' ? results.get(key) : undefined) ?? known.get(key);
      if (value === undefined) {
        value = body.push(a.op === 'load' ? { ...a, load: loads.push(region.loads[a.load]!) - 1 } : moved) - 1;
        known.set(key, value);
      }
      renamed.push(value);
    }
    for (const store of region.stores) {
      const value = renamed[store.value]!;
      stores.push({ ...store, value });
      if (store.reduce === null) results.set(accessKey(store), value);
    }
  }
  return { extents: first.extents, reduced: first.reduced, loads, body, stores };
};

const joinedOrigin = (a: Origin, b: Origin): Origin => ({
  place: a.place || b.place,
  label: a.label === b.label ? a.label : `${a.label}, ${b.label}`,
});

/** The number of earlier regions to try for each buffer, from the latest one. */
const CANDIDATES = 32;

/**
 * Merges each region into an earlier one that reads or writes one of the buffers that it reads, if its other operands
 * are computed before that. For example, the update of a parameter by an optimizer becomes one loop. The `waiting`
 * regions stay in place. A merged region accesses at most `mostBuffers` buffers.
 */
export const joinRegions = (
  calls: readonly Call[],
  waiting: ReadonlySet<Call>,
  buffers: readonly Buffer[],
  mostBuffers = Infinity,
): readonly Call[] => {
  const result: { readonly call: Call; readonly group: Group | null }[] = [];
  // by buffer: the last write, the last write of a part of it, and the regions that read it, in order
  const [writtenAt, partAt] = [buffers.map(() => -1), buffers.map(() => -1)];
  const readAt = buffers.map((): number[] => []);
  const latest = (times: readonly number[], of: readonly number[]): number => Math.max(-1, ...of.map((b) => times[b]!));
  const note = (call: Call, at: number): void => {
    for (const b of writesOf(call)) {
      writtenAt[b] = Math.max(at, writtenAt[b]!);
      for (const whole of wholesOf(buffers, b)) partAt[whole] = Math.max(at, partAt[whole]!);
    }
    if (call.kind !== 'region') return;
    for (const b of readsOf(call)) if (readAt[b]!.at(-1) !== at) readAt[b]!.push(at);
  };

  /** The position of the earlier region that a region can be merged into, and the merged group. */
  const hostOf = (call: Call, own: Group): { readonly at: number; readonly group: Group } | null => {
    const [reads, writes] = [readsOf(call), writesOf(call)];
    const ready = latest(writtenAt, reads);
    // several regions fill one buffer or its parts (pad, concat): keep their order
    const wholes = writes.flatMap((b) => wholesOf(buffers, b));
    const after = Math.max(latest(writtenAt, [...writes, ...wholes]), latest(partAt, [...writes, ...reads]));
    // only buffers that are read at a different element in each iteration count as shared, so scalars do not
    const shared = [...own.loads.values()].filter(({ strides }) => strides.every((s) => s !== 0));
    const candidates = shared.flatMap(({ buffer: b }) => [...readAt[b]!.slice(-CANDIDATES), writtenAt[b]!]);
    for (const at of [...new Set(candidates)].sort((a, b) => b - a)) {
      const host = at < ready || at <= after ? undefined : result[at]?.group;
      const group = host ? join(host, own, mostBuffers) : null;
      if (group !== null) return { at, group };
    }
    return null;
  };

  for (const call of calls) {
    const own = call.kind === 'region' ? groupOf(call.region) : null;
    const host = own === null || waiting.has(call) ? null : hostOf(call, own);
    const at = host?.at ?? result.length;
    const before = result[at]?.call;
    const origin = before === undefined ? call.origin : joinedOrigin(before.origin, call.origin);
    result[at] = { call: { ...call, origin }, group: host?.group ?? own };
    note(call, at);
  }
  return result.map(({ call, group }) =>
    call.kind === 'region' && group !== null ? { ...call, region: merged(group) } : call,
  );
};
