/** Joins regions that run through the same loops into one with several stores. */
import type { Access, Assignment, Region } from '../region.js';

/** Joined regions keep within so many accesses, scalars aside, so that pointers stay in registers. */
const MOST_ACCESSES = 16;

const accessKey = ({ buffer, offset, strides }: Access): string => `${buffer}@${offset}:${strides.join()}`;

/** Regions that are to run as one, with what decides whether another one may join them. */
export interface Group {
  readonly regions: readonly Region[];
  readonly loops: string;
  /** The accesses that the group makes to buffers that it does not store before. */
  readonly loads: ReadonlySet<string>;
  readonly loaded: ReadonlySet<number>;
  /** By buffer: where it is stored, and whether as it is (not reduced). */
  readonly stored: ReadonlyMap<number, { readonly key: string; readonly plain: boolean }>;
}

const loopsOf = ({ extents, reduced }: Region): string => `${extents.join()}|${reduced}`;

export const groupOf = (region: Region): Group => ({
  regions: [region],
  loops: loopsOf(region),
  loads: new Set(region.loads.map(accessKey)),
  loaded: new Set(region.loads.map(({ buffer }) => buffer)),
  stored: new Map(region.stores.map((s) => [s.buffer, { key: accessKey(s), plain: s.reduce === null }])),
});

/**
 * A group with one more region, or null where their loops differ, or where one needs, at another index, what
 * the other stores.
 */
export const joined = (group: Group, region: Region): Group | null => {
  if (group.loops !== loopsOf(region)) return null;
  const loads = new Set(group.loads);
  const loaded = new Set(group.loaded);
  for (const load of region.loads) {
    const store = group.stored.get(load.buffer);
    const key = accessKey(load);
    if (store === undefined) {
      loads.add(key);
      loaded.add(load.buffer);
    } else if (!store.plain || store.key !== key) return null;
  }
  const stored = new Map(group.stored);
  for (const store of region.stores) {
    if (stored.has(store.buffer) || group.loaded.has(store.buffer)) return null;
    stored.set(store.buffer, { key: accessKey(store), plain: store.reduce === null });
  }
  const moving = [...loads].filter((key) => /[1-9]/.test(key.slice(key.indexOf(':')))); // some stride is not 0
  if (moving.length + stored.size > MOST_ACCESSES) return null;
  return { regions: [...group.regions, region], loops: group.loops, loads, loaded, stored };
};

/** An assignment over other operands. */
const renaming = (a: Assignment, to: (operand: number) => number): Assignment => {
  switch (a.op) {
    case 'unary':
    case 'cast':
      return { ...a, a: to(a.a) };
    case 'binary':
      return { ...a, a: to(a.a), b: to(a.b) };
    case 'select':
      return { ...a, condition: to(a.condition), a: to(a.a), b: to(a.b) };
    case 'load':
    case 'constant':
    case 'index':
      return a;
  }
};

/** What an assignment computes, as text: equal texts are equal values. */
const meaningOf = (a: Assignment, access: (load: number) => string): string => {
  switch (a.op) {
    case 'load':
      return `load ${access(a.load)}`;
    case 'constant':
      return `${a.dtype} ${Object.is(a.value, -0) ? '-0' : a.value}`;
    case 'index':
      return `index ${a.dtype} ${a.offset}:${a.strides.join()}`;
    case 'unary':
      return `${a.fn} ${a.a}`;
    case 'cast':
      return `cast ${a.dtype} ${a.a}`;
    case 'binary':
      return `${a.fn} ${a.a} ${a.b}`;
    case 'select':
      return `select ${a.condition} ${a.a} ${a.b}`;
  }
};

/**
 * Regions of a group as one: what one stores and a later one loads is passed on as a value, and equal
 * assignments are made once.
 */
export const merged = ({ regions }: Group): Region => {
  const [first] = regions as readonly [Region, ...Region[]];
  const loads: Access[] = [];
  const body: Assignment[] = [];
  const stores: Region['stores'][number][] = [];
  const places = new Map<string, number>(); // of loads
  const known = new Map<string, number>(); // of assignments
  const passed = new Map<string, number>(); // stored values by access
  for (const region of regions) {
    const renamed: number[] = [];
    const keys = region.loads.map(accessKey);
    for (const a of region.body) {
      const key = a.op === 'load' ? keys[a.load]! : '';
      const value = a.op === 'load' ? passed.get(key) : undefined;
      if (value !== undefined) {
        renamed.push(value);
        continue;
      }
      const moved = renaming(a, (i) => renamed[i]!);
      const meaning = meaningOf(moved, () => key);
      const before = known.get(meaning);
      if (before !== undefined) {
        renamed.push(before);
        continue;
      }
      if (a.op === 'load' && !places.has(key)) places.set(key, loads.push(region.loads[a.load]!) - 1);
      known.set(meaning, body.push(a.op === 'load' ? { ...a, load: places.get(key)! } : moved) - 1);
      renamed.push(body.length - 1);
    }
    for (const store of region.stores) {
      const value = renamed[store.value]!;
      stores.push({ ...store, value });
      if (store.reduce === null) passed.set(accessKey(store), value);
    }
  }
  return { extents: first.extents, reduced: first.reduced, loads, body, stores };
};
