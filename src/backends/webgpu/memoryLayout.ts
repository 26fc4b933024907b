/** The memory layout of a plan and its kernels: blocks, sizes and offsets, computed before memory is reserved. */
import { offsetOf, type Plan } from '../../dsl/compile/plan.js';
import type { GpuKernel, Resource } from './dispatch.js';

/**
 * A range of bytes in the memory of an owner. An owner is a buffer of the plan, or a block
 * (see {@link MemoryLayout.ownerOf}).
 */
export interface Range {
  readonly owner: number;
  readonly offset: number;
  readonly size: number;
}

/** Blocks of memory that are reserved for a plan, each as one allocation. */
export const BLOCKS = ['arena', 'constants', 'scratch', 'uniforms', 'hostNumbers'] as const;
export type Block = (typeof BLOCKS)[number];

export interface MemoryLayout {
  /** Size of each block, in elements. */
  readonly elements: Readonly<Record<Block, number>>;
  /**
   * Indexed by buffer of the plan: the block that contains it; null for inputs and outputs, whose memory differs
   * between runs.
   */
  readonly blockOf: readonly (Block | null)[];
  /** Indexed by buffer of the plan: its offset in its block, input or output, in elements. */
  readonly offsets: readonly number[];
  /** Returns the owner number of a block. Blocks are numbered after the buffers of the plan. */
  readonly ownerOf: (block: Block) => number;
  /** Indexed by kernel, dispatch and binding. */
  readonly ranges: readonly (readonly (readonly Range[])[])[];
  /** Indexed by kernel: the range of its key, or null. */
  readonly keys: readonly (Range | null)[];
  /** Indexed by kernel: the range of the numbers that the host generates for it, or null. */
  readonly hostNumbers: readonly (Range | null)[];
  /** Constant words without duplicates, with their offset in the block of uniforms, in elements. */
  readonly words: readonly { readonly offset: number; readonly words: Uint32Array }[];
}

/** Assigns aligned offsets in a block, one after another. */
const offsetAllocator = (alignment: number) => {
  let end = 0;
  return {
    allocate: (elements: number): number => {
      const offset = end;
      end = Math.ceil((end + elements) / alignment) * alignment;
      return offset;
    },
    elements: () => end,
  };
};

/** Sizes of bindings are rounded up to whole vectors of four elements. */
const VECTOR = 4;

/** Alignment of uniform bindings that is valid on every device, in elements. */
const UNIFORM = 64;

const resourcesOf = ({ dispatches }: GpuKernel): readonly Resource[] =>
  dispatches.flatMap(({ bindings }) => bindings.map(({ resource }) => resource));

/** The block of each buffer of a plan. */
const blocksOf = ({ buffers }: Plan): MemoryLayout['blockOf'] =>
  buffers.map(({ storage, elements }) => {
    // an empty buffer needs its own range, because it is bound too
    if (storage.kind === 'constant' || (storage.kind === 'arena' && elements === 0)) return 'constants';
    return storage.kind === 'arena' ? 'arena' : null;
  });

type Allocate = ReturnType<typeof offsetAllocator>['allocate'];

/** Constant words of resources, by their text, each with its place. */
const wordsOf = (resources: readonly Resource[], allocate: Allocate) => {
  const words = new Map<string, MemoryLayout['words'][number]>();
  for (const resource of resources)
    if (resource.kind === 'uniform' && !words.has(resource.words.join()))
      words.set(resource.words.join(), { offset: allocate(resource.words.length), words: resource.words });
  return words;
};

/** The range of elements of an owner, in whole vectors. */
const elementsRange = (owner: number, from: number, to: number): Range => ({
  owner,
  offset: 4 * from,
  size: 4 * Math.max(VECTOR, Math.ceil((to - from) / VECTOR) * VECTOR),
});

/** Lays out a plan for a device that aligns bindings to `alignment` elements. */
export const memoryLayoutOf = (plan: Plan, kernels: readonly GpuKernel[], alignment: number): MemoryLayout => {
  const { buffers } = plan;
  const [constants, uniforms, hostNumbers] = [
    offsetAllocator(alignment),
    offsetAllocator(UNIFORM),
    offsetAllocator(alignment),
  ];
  const blockOf = blocksOf(plan);
  const offsets = buffers.map(({ storage, elements }, b) =>
    blockOf[b] === 'constants' ? constants.allocate(Math.max(VECTOR, elements)) : offsetOf(storage),
  );
  // keys come first, so that one write before each run updates all of them
  const keyOffsets = kernels.map(({ key }) => (key === undefined ? null : uniforms.allocate(2)));
  const hostNumberOffsets = kernels.map((kernel) =>
    kernel.hostNumbers === undefined ? null : hostNumbers.allocate(kernel.hostNumbers.elements),
  );
  const resources = kernels.flatMap(resourcesOf);
  const words = wordsOf(resources, uniforms.allocate);
  const scratch = resources.reduce((most, r) => (r.kind === 'scratch' ? Math.max(most, r.elements) : most), 0);

  const ownerOf = (block: Block): number => buffers.length + BLOCKS.indexOf(block);
  const rangeOf = (resource: Resource, kernel: number): Range => {
    switch (resource.kind) {
      case 'buffers': {
        const from = Math.min(...resource.buffers.map((b) => offsets[b]!));
        const to = Math.max(...resource.buffers.map((b) => offsets[b]! + buffers[b]!.elements));
        return elementsRange(resource.buffers[0], from, to);
      }
      case 'scratch':
        return elementsRange(ownerOf('scratch'), 0, resource.elements);
      case 'key':
        return { owner: ownerOf('uniforms'), offset: 4 * keyOffsets[kernel]!, size: 16 };
      case 'uniform': {
        const { offset } = words.get(resource.words.join())!;
        return { owner: ownerOf('uniforms'), offset: 4 * offset, size: 4 * resource.words.length };
      }
    }
  };
  return {
    elements: {
      arena: plan.arenaElements,
      constants: constants.elements(),
      scratch,
      uniforms: uniforms.elements(),
      hostNumbers: hostNumbers.elements(),
    },
    blockOf,
    offsets,
    ownerOf,
    ranges: kernels.map(({ dispatches }, k) =>
      dispatches.map(({ bindings }) => bindings.map(({ resource }) => rangeOf(resource, k))),
    ),
    keys: keyOffsets.map((offset) =>
      offset === null ? null : { owner: ownerOf('uniforms'), offset: 4 * offset, size: 8 },
    ),
    hostNumbers: hostNumberOffsets.map((offset, k) =>
      offset === null
        ? null
        : { owner: ownerOf('hostNumbers'), offset: 4 * offset, size: 4 * kernels[k]!.hostNumbers!.elements },
    ),
    words: [...words.values()],
  };
};
