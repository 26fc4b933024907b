/** Copies numbers between the host and device buffers. */
import type { HostArray } from '../../../dsl/plan/backend.js';
import type { NoisefoldError } from '../../../internal/errors.js';
import type { NumberType } from '../../../dsl/graph/region.js';
import { E, type either } from '../../../internal/fp.js';
import type { NumberArray } from '../../shared/heap.js';
import { readNumbers, writeNumbers } from '../../shared/numbers.js';
import { type Gpu, submit } from './gpu.js';
import { USAGE } from './gpuSpace.js';

const arrayOf = (dtype: NumberType, elements: number): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> =>
  dtype === 'float32' ? new Float32Array(elements) : new Int32Array(elements);

/** True if the data can be copied without conversion. */
const needsNoConversion = (data: HostArray, dtype: NumberType): data is Float32Array | Int32Array =>
  dtype === 'float32' ? data instanceof Float32Array : dtype === 'int32' && data instanceof Int32Array;

/** Writes numbers as elements of a dtype, starting at byte `offset` of a buffer. */
export const write = ({ device }: Gpu, buffer: GPUBuffer, offset: number, data: HostArray, dtype: NumberType): void => {
  if (data.length === 0) return;
  const converted: NumberArray = needsNoConversion(data, dtype) ? data : arrayOf(dtype, data.length);
  if (converted !== data) writeNumbers(converted, data, dtype);
  device.queue.writeBuffer(buffer, offset, converted as Float32Array<ArrayBuffer>); // not shared memory
};

/** Staging buffers, which the host can map, kept for later reads. */
export interface Staging {
  readonly read: (
    buffer: GPUBuffer,
    elements: number,
    dtype: NumberType,
  ) => Promise<either.Either<NoisefoldError, HostArray>>;
}

/** Maximum size of a staging buffer that is kept, in bytes. */
const MAX_POOLED_BYTES = 2 ** 22;

/** Rounds to one of few sizes, so that buffers are often reused. */
const stagingSize = (bytes: number): number =>
  bytes > MAX_POOLED_BYTES ? bytes : Math.max(64, 2 ** Math.ceil(Math.log2(bytes)));

export const createStaging = (gpu: Gpu): Staging => {
  const { device } = gpu;
  const spare = new Map<number, GPUBuffer[]>();

  const take = (size: number): GPUBuffer =>
    spare.get(size)?.pop() ?? device.createBuffer({ size, usage: USAGE.mapRead | USAGE.copyTo });

  const recycle = (buffer: GPUBuffer): void => {
    if (buffer.size > MAX_POOLED_BYTES) return buffer.destroy();
    const others = spare.get(buffer.size);
    if (others === undefined) spare.set(buffer.size, [buffer]);
    else others.push(buffer);
  };

  return {
    read: async (source, elements, dtype) => {
      if (elements === 0) return E.right(readNumbers(arrayOf(dtype, 0), dtype));
      let staging: GPUBuffer | null = null;
      const failure = await gpu.guarded('read', () => {
        const copy = take(stagingSize(4 * elements));
        staging = copy;
        submit(device, (encoder) => encoder.copyBufferToBuffer(source, 0, copy, 0, 4 * elements));
      });
      const target = staging as GPUBuffer | null; // assigned in the callback above
      if (failure !== null || target === null) {
        target?.destroy();
        return E.left(failure!);
      }
      try {
        await target.mapAsync(1, 0, 4 * elements); // GPUMapMode.READ
        const bytes = target.getMappedRange(0, 4 * elements);
        const numbers = dtype === 'float32' ? new Float32Array(bytes) : new Int32Array(bytes);
        const copy = readNumbers(numbers, dtype);
        target.unmap();
        recycle(target);
        return E.right(copy);
      } catch (thrown) {
        target.destroy();
        return E.left(await gpu.rejected('read', thrown));
      }
    },
  };
};
