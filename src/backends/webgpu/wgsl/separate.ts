/** A region that needs more bindings than a shader may have, as regions that store less each. */
import type { Assignment, Region } from '../../../dsl/region.js';
import { operandsOf } from '../../shared/nest.js';
import { keyOf } from './memory.js';
import type { Buffers } from './shader.js';

const renamed = (a: Assignment, at: (position: number) => number): Assignment => {
  switch (a.op) {
    case 'unary':
    case 'cast':
      return { ...a, a: at(a.a) };
    case 'binary':
      return { ...a, a: at(a.a), b: at(a.b) };
    case 'select':
      return { ...a, condition: at(a.condition), a: at(a.a), b: at(a.b) };
    default:
      return a;
  }
};

/** The region with some of its stores, and what they need. */
const withStores = (region: Region, stores: Region['stores']): Region => {
  const needed = new Set(stores.map(({ value }) => value));
  for (let position = region.body.length - 1; position >= 0; position--)
    if (needed.has(position)) for (const operand of operandsOf(region.body[position]!)) needed.add(operand);
  const kept = region.body.flatMap((_, position) => (needed.has(position) ? [position] : []));
  const at = (position: number): number => kept.indexOf(position);
  const body = kept.map((position) => renamed(region.body[position]!, at));
  const loads = [...new Set(body.flatMap((a) => (a.op === 'load' ? [a.load] : [])))];
  return {
    ...region,
    loads: loads.map((load) => region.loads[load]!),
    body: body.map((a) => (a.op === 'load' ? { ...a, load: loads.indexOf(a.load) } : a)),
    stores: stores.map((store) => ({ ...store, value: at(store.value) })),
  };
};

/**
 * Two regions, of half of the stores each. Where one works in place, what it overwrites must not be read by
 * the other afterwards: that one comes first. Null where it cannot be taken apart.
 */
export const separated = (region: Region, buffers: Buffers): readonly Region[] | null => {
  const { stores } = region;
  const each = stores.map((store) => withStores(region, [store]));
  const spoils = (a: number, b: number): boolean =>
    each[b]!.loads.some(({ buffer }) => keyOf(buffer, buffers) === keyOf(stores[a]!.buffer, buffers));
  const order: number[] = [];
  const left = new Set(stores.keys());
  while (left.size > 0) {
    const next = [...left].find((a) => [...left].every((b) => a === b || !spoils(a, b)));
    if (next === undefined || stores.length === 1) return null;
    order.push(next);
    left.delete(next);
  }
  const half = Math.ceil(order.length / 2);
  return [order.slice(0, half), order.slice(half)].map((part) =>
    withStores(
      region,
      part.map((s) => stores[s]!),
    ),
  );
};
