/** Test helpers: all forms of the kernels, a memory to place tensors in, pseudo-random values, and the error relative to a float64 result. */
import { setFlagsFromString } from 'node:v8';
import { atOnce } from '../../../internal/stop.js';
import { wasm, type WasmMemory } from '../assembler/assembler.js';
import { canFuse, fused, type MultiplyAdd, separate } from './multiplyAdd.js';
import { RESERVED_BYTES } from '../memory/reserved.js';
import { functionNames, loadKernels, loadProgram } from '../engine/engine.js';
import { type Modules, modulesOf } from '../threads/modules.js';
import { programOf } from '../engine/program.js';
import type { Place, Stage } from '../stage/stage.js';
import { encode, writeTape } from '../engine/tape.js';
import { allKernels } from '../images.js';
import { type KernelForm, kernelFunctions } from './functions.js';
import { enablePairing } from './pairing.js';
import { NARROW_TILES, WIDE_TILES } from './tiles.js';
import { describe } from 'vitest';
import { skippedFor } from '../../../../properties/skips.js';

/** The reason why tests of fused kernels are skipped; empty if they run. */
export const cannotFuse = canFuse() ? '' : 'this engine or processor has no fused multiply-add';

/** Describes both roundings of products; skips the fused one where it is not available. */
export const describeRoundings = (name: string, tests: (multiplyAdd: MultiplyAdd) => void): void => {
  describe(name, () => tests(separate));
  describe(`${name}, fused`, skippedFor(cannotFuse), () => tests(fused));
};

/** Describes kernels in both roundings, with narrow and with wide tiles. */
export const describeKernels = (name: string, tests: (form: KernelForm) => void): void => {
  describeRoundings(name, (multiplyAdd) => tests({ multiplyAdd, tiles: NARROW_TILES }));
  describeRoundings(`${name}, wide tiles`, (multiplyAdd) => tests({ multiplyAdd, tiles: WIDE_TILES }));
};

/** Strides of a dense tensor, in elements. */
export const denseStrides = (shape: readonly number[]): readonly number[] =>
  shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));

/** A memory with a bump allocator. Each area begins at an odd multiple of 4 bytes, to test unaligned operands. */
export interface Arena {
  readonly memory: WasmMemory;
  /** Allocates an area that holds `values` and returns its address. */
  readonly put: (values: ArrayLike<number>) => number;
  /** Allocates an area of `elements` elements, filled with NaN, and returns its address. */
  readonly reserve: (elements: number) => number;
  readonly read: (address: number, elements: number) => Float32Array;
  /** Runs stages whose places are addresses in buffer 0, which begins at 0. */
  readonly run: (stages: readonly Stage[], form: KernelForm) => void;
}

/** Initial content of {@link Arena.reserve}. A result that depends on it becomes NaN. */
const STALE = Number.NaN;

/** The modules of each form, which take longer to compile than a case to run. */
const cache = new Map<KernelForm, Modules>();
const modulesWith = (form: KernelForm): Modules => {
  const modules = cache.get(form) ?? modulesOf(kernelFunctions(form, allKernels.functions), null);
  cache.set(form, modules);
  return modules;
};

/** Tests if V8 can pair vectors, which a flag enables. */
const pairs = Number.parseInt(process.versions.node, 10) >= 24;
enablePairing();

/**
 * Runs code whose functions V8 compiles when they are first called. Only its optimizing compiler pairs vectors, and only functions
 * that run often reach it. So where V8 pairs, this compiles them by it at once.
 */
export const paired = (run: () => void): void => {
  if (pairs) setFlagsFromString('--no-liftoff');
  try {
    run();
  } finally {
    if (pairs) setFlagsFromString('--liftoff');
  }
};

export const arena = (): Arena => {
  const memory = new wasm.Memory({ initial: 1 });
  let next = RESERVED_BYTES + 4;
  const allocate = (elements: number): number => {
    const address = next;
    next += 4 * (elements + 2 + (elements % 2));
    while (memory.buffer.byteLength < next) memory.grow(16);
    return address;
  };
  const elementsAt = (address: number, elements: number) => new Float32Array(memory.buffer, address, elements);
  return {
    memory,
    put: (values) => {
      const address = allocate(values.length);
      elementsAt(address, values.length).set(values);
      return address;
    },
    reserve: (elements) => {
      const address = allocate(elements);
      elementsAt(address, elements).fill(STALE);
      return address;
    },
    read: (address, elements) => elementsAt(address, elements).slice(),
    run: (stages, form) => {
      const modules = modulesWith(form);
      const program = atOnce(programOf([], { isShared: false, multiplyAdd: form.multiplyAdd }));
      const names = functionNames(modules, program);
      const tape = atOnce(encode([stages], (name) => names.indexOf(name)));
      const address = allocate(tape.words.length);
      writeTape(tape, new Int32Array(memory.buffer, address, tape.words.length), [0]);
      paired(() =>
        loadProgram({ memory, modules, kernels: () => loadKernels({ memory, modules }) }, program)(
          address,
          tape.starts[1]!,
        ),
      );
    },
  };
};

/** Hashes an integer to [0, 1) with the finalizer of MurmurHash3. */
const hash = (value: number): number => {
  const first = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return ((second ^ (second >>> 16)) >>> 0) / 2 ** 32;
};

/** The places of addresses, for {@link Arena.run}. */
export const placesOf = <K extends string>(addresses: Readonly<Record<K, number>>): Record<K, Place> =>
  // the keys stay the same
  Object.fromEntries(
    Object.entries<number>(addresses).map(([name, address]) => [name, { buffer: 0, offset: address }]),
  ) as Record<K, Place>;

/** Pseudo-random numbers in [-1, 1) from a seed, exactly representable in float32. */
export const numbers = (seed: number, length: number): Float64Array => {
  const values = new Float64Array(length);
  for (let index = 0; index < length; index += 1)
    values[index] = Math.fround(2 * hash(seed * 1_000_003 + index + 1) - 1);
  return values;
};

/**
 * The largest difference, relative to the largest of `sizes`: the sums of the magnitudes of the terms, as terms may cancel.
 * NaN if an actual value is NaN.
 */
export const relativeError = (
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  sizes: ArrayLike<number>,
): number => {
  let largest = 1e-30;
  for (let i = 0; i < sizes.length; i += 1) largest = Math.max(largest, sizes[i]!);
  let most = 0;
  for (let i = 0; i < expected.length; i += 1) most = Math.max(most, Math.abs((actual[i] ?? NaN) - expected[i]!)); // NaN stays NaN
  return most / largest;
};
