/** Merges regions with the same loops into one region with several stores. */
import type { Access, Assignment, Region, Store } from '../../graph/region.js';

/** The most accesses of a merged region, without scalars, so that pointers stay in registers. */
const MOST_ACCESSES = 16;

const accessKey = ({ buffer, offset, strides }: Access): string => `${buffer}@${offset}:${strides.join()}`;

/** Regions to merge, and the accesses that decide if more can be added. */
export interface Group {
  readonly regions: readonly Region[];
  readonly loops: string;
  /** By key: the loads of elements that the group does not store before. */
  readonly loads: ReadonlyMap<string, Access>;
  /** By buffer. */
  readonly stores: ReadonlyMap<number, Store>;
}

export const groupOf = (region: Region): Group => ({
  regions: [region],
  loops: `${region.extents.join()}|${region.reduced}`,
  loads: new Map(region.loads.map((access) => [accessKey(access), access])),
  stores: new Map(region.stores.map((store) => [store.buffer, store])),
});

/**
 * Appends group `b` to group `a`. Null if their loops differ, if one loads at another index a buffer that the other stores,
 * or if they access too many buffers.
 */
export const joined = (a: Group, b: Group, mostBuffers: number): Group | null => {
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

/** Renumbers the operands of an assignment. */
const renaming = (given: Assignment, to: (operand: number) => number): Assignment => ({
  ...given,
  ...('condition' in given && { condition: to(given.condition) }),
  ...('a' in given && { a: to(given.a) }),
  ...('b' in given && { b: to(given.b) }),
});

/** Formats the fields of an assignment. Equal texts mean equal values. */
const meaningOf = (assignment: Assignment, access: string): string => {
  if (assignment.op === 'load') return `load ${access}`;
  return Object.entries(assignment)
    .map(([name, x]) => `${name} ${Object.is(x, -0) ? '-0' : x}`)
    .join();
};

/**
 * Merges the regions of a group. Passes stored elements that a later region loads as values, and removes duplicate
 * assignments.
 */
export const merged = ({ regions }: Group): Region => {
  const [first] = regions as readonly [Region, ...Region[]];
  const loads: Access[] = [];
  const body: Assignment[] = [];
  const stores: Store[] = [];
  const known = new Map<string, number>(); // of assignments
  const passed = new Map<string, number>(); // stored values by access
  for (const region of regions) {
    const renamed: number[] = [];
    const keys = region.loads.map(accessKey);
    for (const a of region.body) {
      const key = a.op === 'load' ? keys[a.load]! : '';
      const moved = renaming(a, (i) => renamed[i]!);
      const meaning = meaningOf(moved, key);
      let value = (a.op === 'load' ? passed.get(key) : undefined) ?? known.get(meaning);
      if (value === undefined) {
        value = body.push(a.op === 'load' ? { ...a, load: loads.push(region.loads[a.load]!) - 1 } : moved) - 1;
        known.set(meaning, value);
      }
      renamed.push(value);
    }
    for (const store of region.stores) {
      const value = renamed[store.value]!;
      stores.push({ ...store, value });
      if (store.reduce === null) passed.set(accessKey(store), value);
    }
  }
  return { extents: first.extents, reduced: first.reduced, loads, body, stores };
};
