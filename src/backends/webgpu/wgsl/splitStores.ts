/** Splits a region that needs more bindings than a shader can have into regions with fewer stores. */
import { liveIn, type Region, withOperands } from '../../../dsl/graph/region.js';
import { placeKey } from './bindings.js';
import type { Buffers } from './shader.js';

/** Returns the region with some of its stores, and the loads and assignments that they need. */
const withStores = (region: Region, stores: Region['stores']): Region => {
  const live = liveIn(region.body, stores);
  const positions = region.body.flatMap((_, position) => (live[position]! ? [position] : []));
  const at = (position: number): number => positions.indexOf(position);
  const body = positions.map((position) => withOperands(region.body[position]!, at));
  const loads = [...new Set(body.flatMap((a) => (a.op === 'load' ? [a.load] : [])))];
  return {
    ...region,
    loads: loads.map((load) => region.loads[load]!),
    body: body.map((a) => (a.op === 'load' ? { ...a, load: loads.indexOf(a.load) } : a)),
    stores: stores.map((store) => ({ ...store, value: at(store.value) })),
  };
};

/**
 * Splits a region into two, with half of the stores each. A region that reads a buffer must run before the one that
 * overwrites it. Returns null if no such order exists.
 */
export const splitStores = (region: Region, buffers: Buffers): readonly Region[] | null => {
  const { stores } = region;
  const each = stores.map((store) => withStores(region, [store]));
  const overwritesInputOf = (a: number, b: number): boolean =>
    each[b]!.loads.some(({ buffer }) => placeKey(buffer, buffers) === placeKey(stores[a]!.buffer, buffers));
  const order: number[] = [];
  const remaining = new Set(stores.keys());
  while (remaining.size > 0) {
    const next = [...remaining].find((a) => [...remaining].every((b) => a === b || !overwritesInputOf(a, b)));
    if (next === undefined || stores.length === 1) return null;
    order.push(next);
    remaining.delete(next);
  }
  const half = Math.ceil(order.length / 2);
  return [order.slice(0, half), order.slice(half)].map((part) =>
    withStores(
      region,
      part.map((s) => stores[s]!),
    ),
  );
};
