/** Which bindings the views of a region take, and where in them they begin. */
import { offsetOf } from '../../../dsl/plan.js';
import type { Access } from '../../../dsl/region.js';
import type { Binding, Buffers, ShaderLimits } from './shader.js';

/** Elements from the beginning of a binding. */
export interface Place {
  readonly binding: number;
  readonly offset: number;
}

export interface Memory {
  readonly bindings: readonly Binding[];
  /** Where an access begins. */
  readonly placeOf: (access: Pick<Access, 'buffer' | 'offset'>) => Place;
  /** The elements of the one buffer, or of several in the same place, that a binding is; null where it is more. */
  readonly elementsOf: (binding: number) => number | null;
}

/** Buffers of one key lie in the same place. */
export const keyOf = (buffer: number, buffers: Buffers): string => {
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

/** Buffers of one binding, from the first to beyond the last of their elements; in the arena, offsets in it. */
interface Group {
  readonly buffers: readonly [number, ...number[]];
  readonly isInArena: boolean;
  readonly start: number;
  readonly end: number;
}

/** A group for each place. */
const placesOf = (used: readonly number[], buffers: Buffers): readonly Group[] => {
  const groups = new Map<string, Group>();
  for (const buffer of used) {
    const { storage, elements } = buffers[buffer]!;
    const start = offsetOf(storage);
    const own: Group = {
      buffers: [buffer],
      isInArena: storage.kind === 'arena',
      start,
      end: start + elements,
    };
    const key = keyOf(buffer, buffers);
    const same = groups.get(key);
    groups.set(key, same === undefined ? own : joined(same, own));
  }
  return [...groups.values()];
};

const joined = (a: Group, b: Group): Group => ({
  buffers: [...a.buffers, ...b.buffers],
  isInArena: a.isInArena,
  start: Math.min(a.start, b.start),
  end: Math.max(a.end, b.end),
});

/** The groups with the two neighbours in the arena joined that are shortest together; null where that is too long. */
const withFewer = (groups: readonly Group[], longest: number): readonly Group[] | null => {
  const inArena = groups.filter((group) => group.isInArena).sort((a, b) => a.start - b.start);
  const pairs = inArena
    .slice(1)
    .map((next, i) => ({ a: inArena[i]!, b: next, both: joined(inArena[i]!, next) }));
  const lengthOf = ({ both }: (typeof pairs)[number]): number => both.end - both.start;
  const [shortest] = pairs.sort((p, q) => lengthOf(p) - lengthOf(q));
  if (shortest === undefined || lengthOf(shortest) > longest) return null;
  const { a, b, both } = shortest;
  return groups.flatMap((group) => (group === a ? [both] : group === b ? [] : [group]));
};

/**
 * The bindings of buffers that are used together, where they are too many one for several in the arena that are
 * not far apart; null where they are still more than a shader may have.
 */
export const memoryOf = (used: readonly number[], buffers: Buffers, limits: ShaderLimits): Memory | null => {
  let groups = placesOf(used, buffers);
  while (groups.length > limits.maxStorageBuffersPerShaderStage) {
    const fewer = withFewer(groups, limits.maxStorageBufferBindingSize / BYTES);
    if (fewer === null) return null;
    groups = fewer;
  }
  return boundAs(groups, buffers);
};

/** The bindings of buffers that are used together, each place by itself, however many they are. */
export const memoryApart = (used: readonly number[], buffers: Buffers): Memory =>
  boundAs(placesOf(used, buffers), buffers);

const boundAs = (all: readonly Group[], buffers: Buffers): Memory => {
  const startOf = (buffer: number): number => offsetOf(buffers[buffer]!.storage);
  return {
    bindings: all.map((group) => ({ kind: 'buffers', buffers: group.buffers })),
    placeOf: ({ buffer, offset }) => {
      const binding = all.findIndex((group) => group.buffers.includes(buffer));
      // a region may have loads that none of its assignments uses
      return { binding, offset: binding < 0 ? 0 : startOf(buffer) - all[binding]!.start + offset };
    },
    elementsOf: (binding) => {
      const [first, ...others] = all[binding]!.buffers;
      const isOne = others.every((b) => keyOf(b, buffers) === keyOf(first, buffers));
      return isOne ? buffers[first]!.elements : null;
    },
  };
};
