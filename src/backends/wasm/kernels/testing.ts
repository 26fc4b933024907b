/** For tests: a memory with tensors in it, and how far results may be from float64. */
import { wasm } from '../assembler/assembler.js';
import type { WasmMemory } from '../assembler/assembler.js';

/** Strides of a dense tensor, in numbers. */
export const denseStrides = (shape: readonly number[]): readonly number[] =>
  shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));

/** A memory that gives out areas one after another; each begins at an odd multiple of 4 bytes. */
export interface Arena {
  readonly memory: WasmMemory;
  /** The address of an area that holds `values`. */
  readonly put: (values: readonly number[]) => number;
  /** The address of an area of `elements` numbers, none of them 0. */
  readonly room: (elements: number) => number;
  readonly read: (address: number, elements: number) => readonly number[];
}

/** What {@link Arena.room} holds before it is written: reading it must not matter. */
const STALE = Number.NaN;

export const arena = (): Arena => {
  const memory = new wasm.Memory({ initial: 1 });
  let next = 4;
  const put = (values: readonly number[]): number => {
    const address = next;
    next += 4 * (values.length + 2 + (values.length % 2));
    while (memory.buffer.byteLength < next) memory.grow(16);
    new Float32Array(memory.buffer, address, values.length).set(values);
    return address;
  };
  return {
    memory,
    put,
    room: (elements) => put(Array.from({ length: elements }, () => STALE)),
    read: (address, elements) => [...new Float32Array(memory.buffer, address, elements)],
  };
};

/** A hash of an integer, uniform in [0, 1): the finalizer of MurmurHash3. */
const hash = (value: number): number => {
  const first = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return ((second ^ (second >>> 16)) >>> 0) / 2 ** 32;
};

/** Pseudo-random numbers in [-1, 1), exact in float32, from a seed. */
export const numbers = (seed: number, length: number): readonly number[] =>
  Array.from({ length }, (_, index) => Math.fround(2 * hash(seed * 1_000_003 + index + 1) - 1));

/** The largest difference, in units of the largest magnitude of `expected`. */
export const relativeError = (actual: readonly number[], expected: readonly number[]): number => {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  const differences = expected.map((value, index) => Math.abs((actual[index] ?? Number.NaN) - value));
  return differences.some(Number.isNaN) ? Number.NaN : Math.max(0, ...differences) / largest;
};
