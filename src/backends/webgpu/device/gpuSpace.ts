/** Device memory. Each GPU buffer is one allocation; its address is a number that is never reused. */
import type { Space } from '../../shared/heap.js';
import type { Gpu } from './gpu.js';

export interface GpuSpace extends Space {
  readonly bufferAt: (address: number) => GPUBuffer;
}

/** Bits of `GPUBufferUsage`, a global of browsers. */
export const USAGE = {
  mapRead: 1,
  copyFrom: 4,
  copyTo: 8,
  uniform: 64,
  storage: 128,
  queryResolve: 512,
} as const;

const ANY_USE = USAGE.copyFrom | USAGE.copyTo | USAGE.uniform | USAGE.storage;

/** Granularity of buffer sizes, in bytes. It keeps the number of different sizes small. */
const SIZE_UNIT = 256;

/** Maximum size of unused buffers that are kept for reuse, in bytes. */
const MAX_SPARE_BYTES = 2 ** 26;

export const gpuSpace = (gpu: Gpu): GpuSpace => {
  const { device } = gpu;
  const maxElements = Math.floor(device.limits.maxBufferSize / 4);
  const buffers = new Map<number, GPUBuffer>();
  /** Addresses of unused buffers, by size in bytes. */
  const spare = new Map<number, number[]>();
  let spareBytes = 0;
  let next = 1;

  const destroy = (address: number): void => {
    buffers.get(address)?.destroy(); // work that was already submitted still completes
    buffers.delete(address);
  };

  const dropSpare = (): void => {
    for (const addresses of spare.values()) addresses.forEach(destroy);
    spare.clear();
    spareBytes = 0;
  };

  const create = async (size: number): Promise<number | null> => {
    let buffer: GPUBuffer | null = null;
    const failure = await gpu.guarded('allocation', () => {
      buffer = device.createBuffer({ size, usage: ANY_USE });
    });
    if (failure !== null || buffer === null) return null;
    buffers.set(next, buffer);
    return next++;
  };

  return {
    bytesPerElement: 4,
    maxElements,
    bufferAt: (address) => {
      const buffer = buffers.get(address);
      if (buffer === undefined) throw new Error(`noisefold: no buffer at ${address}`);
      return buffer;
    },
    allocate: (elements) => {
      const size = Math.min(Math.ceil((4 * elements) / SIZE_UNIT) * SIZE_UNIT, 4 * maxElements);
      const address = spare.get(size)?.pop();
      if (address === undefined)
        return create(size).then((created) => {
          if (created !== null || spareBytes === 0) return created;
          dropSpare();
          return create(size);
        });
      spareBytes -= size;
      return address;
    },
    free: (address) => {
      const { size } = buffers.get(address)!;
      if (spareBytes + size > MAX_SPARE_BYTES) return destroy(address);
      spareBytes += size;
      spare.set(size, [...(spare.get(size) ?? []), address]);
    },
  };
};
