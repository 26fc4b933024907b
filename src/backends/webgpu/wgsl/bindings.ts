/** Assigns the buffers of a region to shader bindings. */
import { offsetOf } from '../../../dsl/plan/plan.js';
import type { Access } from '../../../dsl/graph/region.js';
import { accessOf } from './access.js';
import type { Binding, Buffers, ShaderLimits } from './shader.js';

/** A position in a binding; the offset is in elements from its start. */
export interface Place {
  readonly binding: number;
  readonly offset: number;
}

export interface BufferBindings {
  readonly bindings: readonly Binding[];
  /** The position at which an access starts. */
  readonly placeOf: (access: Pick<Access, 'buffer' | 'offset'>) => Place;
  /**
   * The number of elements of a binding that covers one buffer, or several buffers at the same place; null for other
   * bindings.
   */
  readonly elementsOf: (binding: number) => number | null;
}

/** Returns a key that is equal for buffers at the same place in memory. */
export const placeKey = (buffer: number, buffers: Buffers): string => {
  const { storage } = buffers[buffer]!;
  switch (storage.kind) {
    case 'arena':
      return `arena ${storage.offset}`;
    case 'input':
      return `input ${storage.input} ${storage.offset}`;
    case 'output':
      return `output ${storage.output}`;
    case 'constant':
      return `constant ${buffer}`;
  }
};

const BYTES = 4;

/**
 * Buffers that share a binding. `start` and `end` are in elements: offsets in the arena, or in the buffer's own memory.
 */
interface BindingGroup {
  readonly buffers: readonly [number, ...number[]];
  readonly isInArena: boolean;
  readonly start: number;
  readonly end: number;
}

/** Groups buffers by their place in memory. */
const groupByPlace = (used: readonly number[], buffers: Buffers): readonly BindingGroup[] => {
  const groups = new Map<string, BindingGroup>();
  for (const buffer of used) {
    const { storage, elements } = buffers[buffer]!;
    const start = offsetOf(storage);
    const own: BindingGroup = {
      buffers: [buffer],
      isInArena: storage.kind === 'arena',
      start,
      end: start + elements,
    };
    const key = placeKey(buffer, buffers);
    const existing = groups.get(key);
    groups.set(key, existing === undefined ? own : merged(existing, own));
  }
  return [...groups.values()];
};

const merged = (a: BindingGroup, b: BindingGroup): BindingGroup => ({
  buffers: [...a.buffers, ...b.buffers],
  isInArena: a.isInArena,
  start: Math.min(a.start, b.start),
  end: Math.max(a.end, b.end),
});

/** Merges the two neighbouring groups in the arena whose union is shortest; null if the union exceeds `longest`. */
const mergeNearest = (groups: readonly BindingGroup[], longest: number): readonly BindingGroup[] | null => {
  const inArena = groups.filter((group) => group.isInArena).sort((a, b) => a.start - b.start);
  const pairs = inArena.slice(1).map((next, i) => ({ a: inArena[i]!, b: next, both: merged(inArena[i]!, next) }));
  const lengthOf = ({ both }: (typeof pairs)[number]): number => both.end - both.start;
  const [shortest] = pairs.sort((p, q) => lengthOf(p) - lengthOf(q));
  if (shortest === undefined || lengthOf(shortest) > longest) return null;
  const { a, b, both } = shortest;
  return groups.flatMap((group) => (group === a ? [both] : group === b ? [] : [group]));
};

/**
 * Assigns bindings to the buffers that a shader uses, of which it writes some. If there are too many, neighbouring buffers in the arena share one.
 * Returns null if a shader cannot have that many bindings.
 */
export const mergedBindings = (
  used: readonly number[],
  targets: ReadonlySet<number>,
  buffers: Buffers,
  limits: ShaderLimits,
): BufferBindings | null => {
  let groups = groupByPlace(used, buffers);
  while (groups.length > limits.maxStorageBuffersPerShaderStage) {
    const fewer = mergeNearest(groups, limits.maxStorageBufferBindingSize / BYTES);
    if (fewer === null) return null;
    groups = fewer;
  }
  return bindingsOf(groups, targets, buffers);
};

/** Assigns one binding to each place, even if a shader cannot have that many. */
export const separateBindings = (
  used: readonly number[],
  targets: ReadonlySet<number>,
  buffers: Buffers,
): BufferBindings => bindingsOf(groupByPlace(used, buffers), targets, buffers);

const bindingsOf = (all: readonly BindingGroup[], targets: ReadonlySet<number>, buffers: Buffers): BufferBindings => {
  const startOf = (buffer: number): number => offsetOf(buffers[buffer]!.storage);
  return {
    bindings: all.map((group) => ({
      kind: 'buffers',
      buffers: group.buffers,
      access: accessOf(group.buffers, targets, buffers),
    })),
    placeOf: ({ buffer, offset }) => {
      const binding = all.findIndex((group) => group.buffers.includes(buffer));
      // a region may have loads that no assignment uses
      return { binding, offset: binding < 0 ? 0 : startOf(buffer) - all[binding]!.start + offset };
    },
    elementsOf: (binding) => {
      const [first, ...others] = all[binding]!.buffers;
      const isOne = others.every((b) => placeKey(b, buffers) === placeKey(first, buffers));
      return isOne ? buffers[first]!.elements : null;
    },
  };
};
