/** The memory layout of a plan and its kernels: blocks, sizes and offsets, computed before memory is reserved. */
import { offsetOf, type Plan } from '../../../dsl/plan/plan.js';
import type { Binding, GpuKernel } from './dispatch.js';

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

const bindingsOf = ({ dispatches }: GpuKernel): readonly Binding[] => dispatches.flatMap(({ bindings }) => bindings);

/** The block of each buffer of a plan. */
const blocksOf = ({ buffers }: Plan): MemoryLayout['blockOf'] =>
  buffers.map(({ storage, elements }) => {
    // an empty buffer needs its own range, because it is bound too
    if (storage.kind === 'constant' || (storage.kind === 'arena' && elements === 0)) return 'constants';
    return storage.kind === 'arena' ? 'arena' : null;
  });

type Allocate = ReturnType<typeof offsetAllocator>['allocate'];

/** Constant words of bindings, by their text, each with its place. */
const wordsOf = (bindings: readonly Binding[], allocate: Allocate) => {
  const words = new Map<string, MemoryLayout['words'][number]>();
  for (const binding of bindings)
    if (binding.kind === 'uniform' && !words.has(binding.words.join()))
      words.set(binding.words.join(), { offset: allocate(binding.words.length), words: binding.words });
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
  const all = kernels.flatMap(bindingsOf);
  const words = wordsOf(all, uniforms.allocate);
  const scratch = all.reduce((most, b) => (b.kind === 'scratch' ? Math.max(most, b.elements) : most), 0);

  const ownerOf = (block: Block): number => buffers.length + BLOCKS.indexOf(block);
  const rangeOf = (binding: Binding, kernel: number): Range => {
    switch (binding.kind) {
      case 'buffers': {
        const from = Math.min(...binding.buffers.map((b) => offsets[b]!));
        const to = Math.max(...binding.buffers.map((b) => offsets[b]! + buffers[b]!.elements));
        return elementsRange(binding.buffers[0], from, to);
      }
      case 'scratch':
        return elementsRange(ownerOf('scratch'), 0, binding.elements);
      case 'key':
        return { owner: ownerOf('uniforms'), offset: 4 * keyOffsets[kernel]!, size: 16 };
      case 'uniform': {
        const { offset } = words.get(binding.words.join())!;
        return { owner: ownerOf('uniforms'), offset: 4 * offset, size: 4 * binding.words.length };
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
      dispatches.map(({ bindings }) => bindings.map((binding) => rangeOf(binding, k))),
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
