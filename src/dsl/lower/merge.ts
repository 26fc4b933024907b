/** Joins regions that run through the same loops into one with several stores. */
import type { Access, Assignment, Region } from '../region.js';

/** Joined regions keep within so many accesses, so that pointers stay in registers. */
const MOST_ACCESSES = 16;

const sameAccess = (a: Access, b: Access): boolean =>
  a.buffer === b.buffer && a.offset === b.offset && a.strides.every((s, i) => s === b.strides[i]);

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
    default:
      return a;
  }
};

/** The same body with equal assignments and equal loads made one. */
export const deduplicated = (region: Region): Region => {
  const loads: Access[] = [];
  const body: Assignment[] = [];
  const seen = new Map<string, number>();
  const renamed: number[] = [];
  for (const a of region.body) {
    const access = a.op === 'load' ? region.loads[a.load]! : null;
    const same = access === null ? -1 : loads.findIndex((l) => sameAccess(l, access));
    const moved =
      a.op === 'load'
        ? { ...a, load: same >= 0 ? same : loads.push(region.loads[a.load]!) - 1 }
        : renaming(a, (i) => renamed[i]!);
    const key = Object.entries(moved)
      .map(([k, v]) => `${k}=${Object.is(v, -0) ? '-0' : String(v)}`)
      .sort()
      .join();
    const before = seen.get(key);
    const at = before ?? body.push(moved) - 1;
    seen.set(key, at);
    renamed.push(at);
  }
  return { ...region, loads, body, stores: region.stores.map((s) => ({ ...s, value: renamed[s.value]! })) };
};

/**
 * `second` run together with `first`, or null where their loops differ or where one needs, at another
 * index, what the other stores.
 */
export const merged = (first: Region, second: Region): Region | null => {
  const sameLoops =
    first.reduced === second.reduced &&
    first.extents.length === second.extents.length &&
    first.extents.every((e, i) => e === second.extents[i]);
  const atLeast = first.loads.length + first.stores.length + second.stores.length;
  if (!sameLoops || atLeast > MOST_ACCESSES) return null;
  // what the first stores, the second may use at the same index alone, and then as a value
  for (const load of second.loads)
    for (const store of first.stores)
      if (load.buffer === store.buffer && (store.reduce !== null || !sameAccess(load, store))) return null;
  const writes = new Set(first.stores.map((s) => s.buffer));
  if (second.stores.some((s) => writes.has(s.buffer) || first.loads.some((l) => l.buffer === s.buffer)))
    return null;

  const shift = first.body.length;
  const body = second.body.map((a) =>
    a.op === 'load' ? { ...a, load: a.load + first.loads.length } : renaming(a, (i) => i + shift),
  );
  const together = forwarded({
    extents: first.extents,
    reduced: first.reduced,
    loads: [...first.loads, ...second.loads],
    body: [...first.body, ...body],
    stores: [...first.stores, ...second.stores.map((s) => ({ ...s, value: s.value + shift }))],
  });
  return together.loads.length + together.stores.length > MOST_ACCESSES ? null : together;
};

/** Loads of what the region itself stored before become the stored value. */
const forwarded = (region: Region): Region => {
  const replaced = new Map<number, number>();
  region.body.forEach((a, i) => {
    if (a.op !== 'load') return;
    const store = region.stores.find((s) => s.value < i && sameAccess(s, region.loads[a.load]!));
    if (store !== undefined) replaced.set(i, store.value);
  });
  const to = (i: number): number => replaced.get(i) ?? i;
  const body = region.body.map((a) => renaming(a, to));
  return deduplicated(
    withoutUnused({ ...region, body, stores: region.stores.map((s) => ({ ...s, value: to(s.value) })) }),
  );
};

const operandsOf = (a: Assignment): readonly number[] => {
  switch (a.op) {
    case 'unary':
    case 'cast':
      return [a.a];
    case 'binary':
      return [a.a, a.b];
    case 'select':
      return [a.condition, a.a, a.b];
    default:
      return [];
  }
};

/** Without the assignments that no store needs. */
const withoutUnused = (region: Region): Region => {
  const used = new Set(region.stores.map((s) => s.value));
  for (let i = region.body.length - 1; i >= 0; i--)
    if (used.has(i)) for (const operand of operandsOf(region.body[i]!)) used.add(operand);
  const place = new Map([...used].sort((a, b) => a - b).map((old, i) => [old, i]));
  const at = (i: number): number => place.get(i)!;
  const body = region.body.filter((_, i) => used.has(i)).map((a) => renaming(a, at));
  return { ...region, body, stores: region.stores.map((s) => ({ ...s, value: at(s.value) })) };
};
