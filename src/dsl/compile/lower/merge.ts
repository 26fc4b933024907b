/** Merges regions with the same loops into one region with several stores. */
import type { Access, Assignment, Region } from '../../graph/region.js';

/** The most accesses of a merged region, without scalars, so that pointers stay in registers. */
const MOST_ACCESSES = 16;

const accessKey = ({ buffer, offset, strides }: Access): string => `${buffer}@${offset}:${strides.join()}`;

/** Regions to merge, and the accesses that decide if more can be added. */
export interface Group {
  readonly regions: readonly Region[];
  readonly loops: string;
  /** By key: the loads of elements that the group does not store before. */
  readonly loads: ReadonlyMap<string, Access>;
  readonly loaded: ReadonlySet<number>;
  /** By buffer: the access of the store, and true for `plain` if it has no reduction. */
  readonly stored: ReadonlyMap<number, { readonly key: string; readonly plain: boolean }>;
}

export const groupOf = (region: Region): Group => ({
  regions: [region],
  loops: `${region.extents.join()}|${region.reduced}`,
  loads: new Map(region.loads.map((access) => [accessKey(access), access])),
  loaded: new Set(region.loads.map(({ buffer }) => buffer)),
  stored: new Map(region.stores.map((s) => [s.buffer, { key: accessKey(s), plain: s.reduce === null }])),
});

/**
 * Appends group `b` to group `a`. Null if their loops differ, if one loads at another index a buffer that the other stores,
 * or if they access too many buffers.
 */
export const joined = (a: Group, b: Group, mostBuffers: number): Group | null => {
  if (a.loops !== b.loops) return null;
  for (const buffer of b.stored.keys()) if (a.stored.has(buffer) || a.loaded.has(buffer)) return null;
  const loads = new Map(a.loads);
  for (const [key, load] of b.loads) {
    const store = a.stored.get(load.buffer);
    if (store === undefined) loads.set(key, load);
    else if (!store.plain || store.key !== key) return null;
  }
  const stored = new Map([...a.stored, ...b.stored]);
  const moving = [...loads.values()].filter(({ strides }) => strides.some((stride) => stride !== 0));
  if (moving.length + stored.size > MOST_ACCESSES) return null;
  const loaded = new Set([...loads.values()].map(({ buffer }) => buffer));
  if (new Set([...loaded, ...stored.keys()]).size > mostBuffers) return null;
  return { regions: [...a.regions, ...b.regions], loops: a.loops, loads, loaded, stored };
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
  const fields = Object.entries(assignment).map(([name, x]) => `${name} ${Object.is(x, -0) ? '-0' : x}`);
  return assignment.op === 'load' ? `load ${access}` : fields.join();
};

/**
 * Merges the regions of a group. Passes stored elements that a later region loads as values, and removes duplicate
 * assignments.
 */
export const merged = ({ regions }: Group): Region => {
  const [first] = regions as readonly [Region, ...Region[]];
  const loads: Access[] = [];
  const body: Assignment[] = [];
  const stores: Region['stores'][number][] = [];
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
