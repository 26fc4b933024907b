import type { NumberType } from '../../dsl/region.js';

export type NumberArray = Float32Array | Float64Array | Int32Array;

/** Memory that a backend's kernels work on. Addresses are numbers of its own. */
export interface Space {
  /** The same for every dtype. */
  readonly bytesPerElement: 4 | 8;
  /** No more are in one piece, however much room there is; any number where it is not given. */
  readonly mostElements?: number;
  /** An address of that many elements (at least one), or null if there is no room. */
  readonly allocate: (elements: number) => number | null | Promise<number | null>;
  readonly free: (address: number) => void;
}

/** Memory that the host sees. */
export interface Heap extends Space {
  readonly allocate: (elements: number) => number | null;
  /** The elements from `offset` on from an allocated address. */
  readonly array: (address: number, offset: number, elements: number, dtype: NumberType) => NumberArray;
  /** Another object than before, once the arrays handed out are dead (a WebAssembly memory has grown). */
  readonly arena: () => unknown;
}

type ArrayOf = new (buffer: ArrayBuffer, byteOffset: number, length: number) => NumberArray;

/**
 * Memory of the JavaScript heap, one ArrayBuffer an allocation; an address is the number of its buffer.
 * `arrayOf` chooses the array of each dtype, all of `bytesPerElement`.
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
        return null; // a RangeError: the engine has no room for it
      }
    },
    free: (address) => void buffers.delete(address),
    array: (address, offset, elements, dtype) =>
      new (arrayOf(dtype))(buffers.get(address)!, offset * bytesPerElement, elements),
    arena: () => arena,
  };
};
