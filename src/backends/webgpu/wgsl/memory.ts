/** Which bindings the views of a region take, and where in them they begin. */
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
      return `input ${storage.input}`;
    case 'output':
      return `output ${storage.output}`;
    case 'constant':
      return `constant ${buffer}`;
  }
};

const BYTES = 4;

/** A region may have loads that none of its assignments uses. */
const UNUSED: Place = { binding: 0, offset: 0 };

/** One binding for each place, or one for all of the arena; null where it would be too long. */
const arranged = (
  used: readonly number[],
  buffers: Buffers,
  limits: ShaderLimits,
  oneArena: boolean,
): Memory | null => {
  const groups = new Map<string, [number, ...number[]]>();
  const startOf = (buffer: number): number => {
    const { storage } = buffers[buffer]!;
    return storage.kind === 'arena' ? storage.offset : 0;
  };
  for (const buffer of used) {
    const isInArena = oneArena && buffers[buffer]!.storage.kind === 'arena';
    const key = isInArena ? 'arena' : keyOf(buffer, buffers);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [buffer]);
    else if (!group.includes(buffer)) group.push(buffer);
  }
  const all = [...groups.values()];
  const places = new Map<number, Place>();
  let longest = 0;
  all.forEach((group, binding) => {
    const start = Math.min(...group.map(startOf));
    const end = Math.max(...group.map((b) => startOf(b) + buffers[b]!.elements));
    longest = Math.max(longest, end - start);
    for (const b of group) places.set(b, { binding, offset: startOf(b) - start });
  });
  if (oneArena && BYTES * longest > limits.maxStorageBufferBindingSize) return null;
  return {
    bindings: all.map((members) => ({ kind: 'buffers', buffers: members })),
    placeOf: ({ buffer, offset }) => {
      const place = places.get(buffer) ?? UNUSED;
      return { binding: place.binding, offset: place.offset + offset };
    },
    elementsOf: (binding) => {
      const [first, ...others] = all[binding]!;
      const isOne = others.every((b) => keyOf(b, buffers) === keyOf(first, buffers));
      return isOne ? buffers[first]!.elements : null;
    },
  };
};

/**
 * The bindings of buffers that are used together; null where they are more than a shader may have, even with one
 * for all of the arena.
 */
export const memoryOf = (used: readonly number[], buffers: Buffers, limits: ShaderLimits): Memory | null => {
  const most = limits.maxStorageBuffersPerShaderStage;
  const apart = arranged(used, buffers, limits, false);
  if (apart !== null && apart.bindings.length <= most) return apart;
  const together = arranged(used, buffers, limits, true);
  return together !== null && together.bindings.length <= most ? together : null;
};
