/** Test helper: runs a region on arrays, with guard words around them. */
import type { Region } from '../../../dsl/graph/region.js';
import { wasm } from '../assembler/assembler.js';
import { instantiateRegions, regionModule } from './index.js';

export type NumberArray = Float32Array | Int32Array;

const GUARD = 0x5eadbeef;

/**
 * Runs a region on copies of `arrays`, one for each buffer, and returns the contents of the buffers afterwards.
 * `storageOf` maps a buffer to the one whose memory it uses, to test buffers that share memory. Throws if the region
 * changes a guard word.
 */
export const runRegion = (
  region: Region,
  arrays: readonly NumberArray[],
  storageOf: (buffer: number) => number = (b) => b,
): readonly NumberArray[] => {
  let words = 1;
  const starts = arrays.map((array) => {
    words += array.length + 1;
    return words - array.length - 1;
  });
  const memory = new wasm.Memory({ initial: Math.ceil(words / 16384) });
  const all = new Int32Array(memory.buffer).fill(GUARD, 0, words);
  arrays.forEach((array, b) =>
    all.set(new Int32Array(array.buffer, array.byteOffset, array.length), starts[storageOf(b)]!),
  );
  const [kernel] = instantiateRegions(regionModule([region]), memory);
  kernel!(arrays.map((_, b) => 4 * starts[storageOf(b)]!));
  if ([0, ...arrays.map((array, b) => starts[b]! + array.length)].some((word) => all[word] !== GUARD))
    throw new Error('the region wrote outside of its buffers');
  return arrays.map((array, b) => {
    const own = all.slice(starts[storageOf(b)], starts[storageOf(b)]! + array.length);
    return array instanceof Float32Array ? new Float32Array(own.buffer) : own;
  });
};
