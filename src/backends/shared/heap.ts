import type { NumberType } from '../../dsl/graph/region.js';
import type { Jobs } from './jobs.js';

export type NumberArray = Float32Array | Float64Array | Int32Array;

/** Memory for the kernels of a backend. Each kind of space defines its own addresses. */
export interface Space {
  /** Bytes per element, the same for every dtype. */
  readonly bytesPerElement: 4 | 8;
  /** Maximum elements of one allocation, regardless of free memory. Default: no limit. */
  readonly maxElements?: number;
  /** Allocates at least one element and returns the address, or null if there is not enough memory. */
  readonly allocate: (elements: number) => number | null | Promise<number | null>;
  readonly free: (address: number) => void;
}

/** Memory that the host can read and write. */
export interface Heap extends Space {
  readonly allocate: (elements: number) => number | null;
  /** Returns a view of `elements` elements, starting `offset` elements after an allocated address. */
  readonly array: (address: number, offset: number, elements: number, dtype: NumberType) => NumberArray;
  /**
   * Identity of the underlying memory. It changes when earlier views become invalid (a WebAssembly memory has grown).
   */
  readonly arena: () => unknown;
}

/**
 * Returns the same space with a delayed `free`: it waits until all requested runs have ended, because they may use the
 * memory.
 */
export const freedAfter = <S extends Space>(space: S, { after }: Pick<Jobs, 'after'>): S => ({
  ...space,
  free: (address) => after(() => space.free(address)),
});

type ArrayOf = new (buffer: ArrayBuffer, byteOffset: number, length: number) => NumberArray;

/**
 * Memory on the JavaScript heap: one ArrayBuffer per allocation. An address is the number of its buffer.
 * `arrayOf` chooses the array type of each dtype; all have elements of `bytesPerElement`.
 */
export const hostHeap = (bytesPerElement: 4 | 8, arrayOf: (dtype: NumberType) => ArrayOf): Heap => {
  const buffers = new Map<number, ArrayBuffer>();
  const arena = {};
  let next = 1;
  return {
    bytesPerElement,
    allocate: (elements) => {
      try {
        buffers.set(next, new ArrayBuffer(elements * bytesPerElement));
        return next++;
      } catch {
        return null; // a RangeError: the engine does not have enough memory
      }
    },
    free: (address) => void buffers.delete(address),
    array: (address, offset, elements, dtype) =>
      new (arrayOf(dtype))(buffers.get(address)!, offset * bytesPerElement, elements),
    arena: () => arena,
  };
};
