/** The memory of a wasm backend, a `WebAssembly.Memory`. */
import type { Heap } from '../../shared/heap.js';
import { MOST_PAGES, wasm, type WasmMemory } from '../assembler/assembler.js';
import { allocator } from './allocator.js';
import { RESERVED_BYTES } from './reserved.js';
import { WORD_BYTES } from '../assembler/numbers.js';

const PAGE_BYTES = 2 ** 16;

/**
 * Makes a memory that can grow to 4 GiB, or to the size for which the system reserves addresses, because an engine
 * reserves the addresses of a whole shared memory at once.
 */
export const newMemory = (shared: boolean): WasmMemory => {
  for (let maximum = MOST_PAGES; ; maximum /= 2)
    try {
      return new wasm.Memory({ initial: 1, maximum, shared });
    } catch (thrown) {
      if (maximum <= MOST_PAGES / 64) throw thrown;
    }
};

/** Grows a memory by at least `bytes`, by an eighth of its size if possible. Returns its new size; null if it cannot. */
const grown = (memory: WasmMemory, bytes: number): number | null => {
  const least = Math.ceil(bytes / PAGE_BYTES);
  const generous = Math.max(least, Math.ceil(memory.buffer.byteLength / PAGE_BYTES / 8));
  for (const pages of [generous, least])
    try {
      memory.grow(pages);
      return memory.buffer.byteLength;
    } catch {
      continue; // a RangeError: the maximum is reached, or the system has no more memory
    }
  return null;
};

/** Makes a heap in a WebAssembly memory. Addresses are byte addresses. */
export const wasmHeap = (memory: WasmMemory): Heap => {
  const { allocate, free } = allocator(RESERVED_BYTES, memory.buffer.byteLength, (bytes) => grown(memory, bytes));
  return {
    bytesPerElement: WORD_BYTES,
    allocate: (elements) => allocate(WORD_BYTES * elements),
    free,
    array: (address, offset, elements, dtype) => {
      const at = address + WORD_BYTES * offset;
      return dtype === 'float32'
        ? new Float32Array(memory.buffer, at, elements)
        : new Int32Array(memory.buffer, at, elements);
    },
    arena: () => memory.buffer,
  };
};
