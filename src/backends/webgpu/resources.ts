/** The memory of a plan on a device. */
import type { NoisefoldError } from '../../dsl/errors.js';
import type { Plan } from '../../dsl/plan.js';
import { E, type either } from '../../internal/fp.js';
import type { Memory } from '../shared/memory.js';
import type { Gpu } from './gpu.js';
import type { GpuSpace } from './gpuSpace.js';
import { BLOCKS, type Places } from './places.js';
import { write } from './transfer.js';

export interface Resources {
  /** By owner: those of inputs and outputs change from run to run. */
  readonly addresses: number[];
  /** Whether the memory of an owner is always the same. */
  readonly isFixed: (owner: number) => boolean;
  readonly places: Places;
  readonly release: () => void;
}

/** Of what is not there, or not yet. */
const NOWHERE = -1;

/** Reserves what a plan has places in. */
export const layOutResources = async (
  places: Places,
  memory: Memory,
): Promise<either.Either<NoisefoldError, Resources>> => {
  const { blockOf, elements } = places;
  const blocks: number[] = [];
  const release = (): void => blocks.forEach((address) => address !== NOWHERE && memory.unreserve(address));
  for (const block of BLOCKS) {
    const reserved = elements[block] === 0 ? E.right(NOWHERE) : await memory.reserve(elements[block]);
    if (E.isLeft(reserved)) {
      release();
      return reserved;
    }
    blocks.push(reserved.right);
  }
  const addresses = [
    ...blockOf.map((block) => (block === null ? NOWHERE : blocks[BLOCKS.indexOf(block)]!)),
    ...blocks,
  ];
  return E.right({ addresses, isFixed: (owner) => blockOf[owner] !== null, places, release });
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
