/** The memory of a plan on a device. */
import type { NoisefoldError } from '../../dsl/errors.js';
import type { Plan } from '../../dsl/plan.js';
import { E, type either, F } from '../../internal/fp.js';
import type { Block, Memory } from '../shared/memory.js';
import type { Gpu } from './gpu.js';
import type { GpuSpace } from './gpuSpace.js';
import { BLOCKS, type Places } from './places.js';
import { write } from './transfer.js';

export interface Resources {
  /** Addresses by owner; those of inputs and outputs change from run to run. */
  readonly addresses: number[];
  /** Tells if the memory of an owner is always the same. */
  readonly isFixed: (owner: number) => boolean;
  readonly places: Places;
  readonly release: () => void;
}

/** The address of a block without elements, and of an input or output before the first run. */
const NOWHERE = -1;

const releaseBlocks = (blocks: readonly (Block | null)[], memory: Memory): void =>
  blocks.forEach((block) => block !== null && memory.release(block));

/** Reserves the blocks that a plan has places in; null for a block without elements. */
export const reserveBlocks = async (
  { elements }: Places,
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

/** Lays a plan out in its blocks. The addresses hold until the caller waits for anything. */
export const layOutResources = (
  places: Places,
  blocks: readonly (Block | null)[],
  memory: Memory,
): either.Either<NoisefoldError, Resources> => {
  const { blockOf } = places;
  return F.pipe(
    blocks,
    E.traverseArray((block) => (block === null ? E.right(NOWHERE) : memory.addressOf(block, 'compile'))),
    E.map((addresses) => ({
      addresses: [
        ...blockOf.map((block) => (block === null ? NOWHERE : addresses[BLOCKS.indexOf(block)]!)),
        ...addresses,
      ],
      isFixed: (owner) => blockOf[owner] !== null,
      places,
      release: () => releaseBlocks(blocks, memory),
    })),
  );
};

/** Writes the constants of a plan, and the words of its uniforms. */
export const writeConstants = (
  plan: Plan,
  { addresses, places }: Resources,
  gpu: Gpu,
  space: GpuSpace,
): void => {
  const { offsets, ownerOf, words } = places;
  plan.buffers.forEach(({ storage, dtype }, b) => {
    if (storage.kind === 'constant')
      write(gpu, space.bufferAt(addresses[b]!), 4 * offsets[b]!, storage.data, dtype);
  });
  for (const { place, words: numbers } of words)
    gpu.device.queue.writeBuffer(
      space.bufferAt(addresses[ownerOf('uniforms')]!),
      4 * place,
      numbers as Uint32Array<ArrayBuffer>, // not shared
    );
};
