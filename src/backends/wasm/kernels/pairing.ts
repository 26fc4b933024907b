/**
 * Chooses the tiles by measurement.
 *
 * V8 can compute two neighbouring vectors of 128 bits in one register of 256 bits ("pairing", behind the flag
 * `--experimental-wasm-revectorize`), with the same bits. With pairing wide tiles are faster; without it they are
 * usually slower.
 */
import { instantiate, moduleBytes, wasm } from '../assembler/assembler.js';
import { WORD_BYTES } from '../assembler/numbers.js';
import { RESERVED_BYTES } from '../memory/reserved.js';
import type { MultiplyAdd } from './multiplyAdd.js';
import { rowBytes, rowKernel } from './rowKernel.js';
import { rowTable } from './rowCommands.js';
import { NARROW_TILES, type Tiles, WIDE_TILES } from './tiles.js';

/** The first version of Node whose V8 pairs vectors. Older ones refuse the flag, or ignore it. */
const FIRST_NODE = 24;

/** Enables pairing in Node, for all modules that the process compiles from now on, in workers too. */
export const enablePairing = (): void => {
  if (typeof process === 'undefined' || !(Number.parseInt(process.versions?.node ?? '', 10) >= FIRST_NODE)) return;
  try {
    process.getBuiltinModule('node:v8').setFlagsFromString('--experimental-wasm-revectorize');
  } catch {
    // a runtime that imitates Node
  }
};

/** The member of `process` that returns the time that a thread has run. Node has it since version 23.9. */
interface ThreadTime {
  readonly threadCpuUsage?: () => { readonly user: number; readonly system: number };
}

/**
 * Milliseconds that this thread has run, which do not grow while other threads use the core. Where Node cannot tell
 * them, the milliseconds of the clock.
 */
const threadTime = (): number => {
  const usage = (globalThis.process as ThreadTime | undefined)?.threadCpuUsage?.();
  return usage === undefined ? performance.now() : (usage.user + usage.system) / 1000;
};

/** The product that is measured: `ROWS` × `LENGTH` times `LENGTH` × 16. */
const ROWS = 24;
const LENGTH = 64;

/** Products in one measurement: 0.2 to 1.5 ms, so that clocks of pages, which tick every 0.1 ms, suffice. */
const PRODUCTS = 400;

/** Milliseconds of this thread after which the measurement ends. By the clock it takes longer on a busy machine. */
const LONGEST = 60;

/** Measurements of each kernel after the engine has optimized both. */
const ROUNDS = 12;

/**
 * An engine first compiles quickly, and later optimizes code that runs often. Optimized code is faster by at least this
 * factor.
 */
const OPTIMIZED = 1.5;

/** Wide tiles are used if they take at most this part of the time of narrow ones. */
const WORTH = 0.8;

/** A kernel that is measured. */
export interface Trial {
  /** Computes the product {@link PRODUCTS} times; returns milliseconds. */
  readonly measure: () => number;
  readonly bits: () => Int32Array;
}

const trialOf = (multiplyAdd: MultiplyAdd, tiles: Tiles): Trial => {
  const memory = new wasm.Memory({ initial: 1 });
  const words = new Int32Array(memory.buffer);
  const floats = new Float32Array(memory.buffer);
  let next = RESERVED_BYTES;
  const put = (to: Int32Array | Float32Array, values: ArrayLike<number>): number => {
    const address = next;
    to.set(values, address / WORD_BYTES);
    next += WORD_BYTES * values.length;
    return address;
  };
  const wave = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.sin(i + 1));
  const { words: offsets } = rowTable(ROWS, 1, (to) => {
    for (let row = 0; row < ROWS; row++)
      to.set([64 * row, WORD_BYTES * LENGTH * row], (rowBytes(1) / WORD_BYTES) * row);
  });
  const table = put(words, offsets);
  const left = put(floats, wave(ROWS * LENGTH));
  const panel = put(floats, wave(LENGTH * 16));
  const bias = put(floats, wave(16));
  const result = put(floats, new Float32Array(ROWS * 16));
  const args = put(words, [table, ROWS, left, result, panel, bias, 1, LENGTH, 16, 0, 0, 1, 0, 0, 0]);
  const { rows16 } = instantiate<'rows16'>(new wasm.Module(moduleBytes([rowKernel(16, multiplyAdd, tiles)])), memory);
  return {
    measure: () => {
      const start = performance.now();
      for (let product = 0; product < PRODUCTS; product++) rows16(args, 0);
      return performance.now() - start;
    },
    bits: () => words.slice(result / WORD_BYTES, result / WORD_BYTES + ROWS * 16),
  };
};

export interface Choice {
  readonly isWide: boolean;
  readonly tiles: Tiles;
  /** The time of wide tiles as a multiple of the time of narrow ones; NaN if the engine did not optimize in time. */
  readonly ratio: number;
}

const isEqual = (a: Int32Array, b: Int32Array): boolean => a.every((word, i) => word === b[i]);

/**
 * Measures both kernels, for at most {@link LONGEST} milliseconds of this thread. Chooses the wide tiles if they are clearly
 * faster, and their bits are those of the narrow ones, before and after the engine has optimized them.
 */
export const choiceOf = (narrow: Trial, wide: Trial): Choice => {
  const trials = [narrow, wide] as const;
  const end = threadTime() + LONGEST;
  const first = trials.map(({ measure }) => measure());
  const bits = narrow.bits();
  let isExact = isEqual(bits, wide.bits());
  const best = [...first];
  for (let rounds = 0; rounds < ROUNDS;) {
    if (threadTime() >= end) return { isWide: false, tiles: NARROW_TILES, ratio: Number.NaN };
    trials.forEach(({ measure }, i) => (best[i] = Math.min(best[i]!, measure())));
    if (best.every((time, i) => OPTIMIZED * time <= first[i]!)) rounds += 1;
  }
  isExact &&= trials.every((trial) => isEqual(bits, trial.bits()));
  const ratio = best[1]! / best[0]!;
  const isWide = isExact && ratio <= WORTH;
  return { isWide, tiles: isWide ? WIDE_TILES : NARROW_TILES, ratio };
};

/** Chooses the tiles for this engine and processor. */
export const chooseTiles = (multiplyAdd: MultiplyAdd): Choice =>
  choiceOf(trialOf(multiplyAdd, NARROW_TILES), trialOf(multiplyAdd, WIDE_TILES));
