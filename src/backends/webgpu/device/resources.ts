/** Reserves and fills the memory of a plan on a device. */
import type { NoisefoldError } from '../../../internal/errors.js';
import type { Plan } from '../../../dsl/plan/plan.js';
import { E, type either, F } from '../../../internal/fp.js';
import type { Block, Memory } from '../../shared/memory.js';
import type { Gpu } from './gpu.js';
import type { GpuSpace } from './gpuSpace.js';
import { BLOCKS, type MemoryLayout } from './memoryLayout.js';
import { write } from './transfer.js';

export interface Resources {
  /** Addresses, indexed by owner. Those of inputs and outputs differ between runs. */
  readonly addresses: number[];
  /** True if the memory of an owner is the same in all runs. */
  readonly isFixed: (owner: number) => boolean;
  readonly memoryLayout: MemoryLayout;
  readonly release: () => void;
}

/** The address of an empty block, and of an input or output before the first run. */
const UNSET = -1;

const releaseBlocks = (blocks: readonly (Block | null)[], memory: Memory): void =>
  blocks.forEach((block) => block !== null && memory.release(block));

/** Reserves the blocks of a plan. The entry of an empty block is null. */
export const reserveBlocks = async (
  { elements }: MemoryLayout,
  memory: Memory,
): Promise<either.Either<NoisefoldError, readonly (Block | null)[]>> => {
  const blocks: (Block | null)[] = [];
  for (const block of BLOCKS) {
    const reserved = elements[block] === 0 ? E.right(null) : await memory.reserve(elements[block]);
    if (E.isLeft(reserved)) {
      releaseBlocks(blocks, memory);
      return reserved;
    }
    blocks.push(reserved.right);
  }
  return E.right(blocks);
};

/** Looks up the addresses of a plan's blocks. They are valid until the caller's next `await`. */
export const layOutResources = (
  memoryLayout: MemoryLayout,
  blocks: readonly (Block | null)[],
  memory: Memory,
): either.Either<NoisefoldError, Resources> => {
  const { blockOf } = memoryLayout;
  return F.pipe(
    blocks,
    E.traverseArray((block) => (block === null ? E.right(UNSET) : memory.addressOf(block, 'compile'))),
    E.map((addresses) => ({
      addresses: [
        ...blockOf.map((block) => (block === null ? UNSET : addresses[BLOCKS.indexOf(block)]!)),
        ...addresses,
      ],
      isFixed: (owner) => blockOf[owner] !== null,
      memoryLayout,
      release: () => releaseBlocks(blocks, memory),
    })),
  );
};

/** Writes the constants of a plan and the constant words of its uniforms. */
export const writeConstants = (plan: Plan, { addresses, memoryLayout }: Resources, gpu: Gpu, space: GpuSpace): void => {
  const { offsets, ownerOf, words } = memoryLayout;
  plan.buffers.forEach(({ storage, dtype }, b) => {
    if (storage.kind === 'constant') write(gpu, space.bufferAt(addresses[b]!), 4 * offsets[b]!, storage.data, dtype);
  });
  for (const { offset, words: numbers } of words)
    gpu.device.queue.writeBuffer(
      space.bufferAt(addresses[ownerOf('uniforms')]!),
      4 * offset,
      numbers as Uint32Array<ArrayBuffer>, // not shared memory
    );
};
