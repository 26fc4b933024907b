/** For tests: runs a region on arrays, with words around them that nobody may touch. */
import type { Region } from '../../../dsl/region.js';
import { wasm } from '../assembler/assembler.js';
import { instantiateRegions, regionModule } from './index.js';

export type NumberArray = Float32Array | Int32Array;

const GUARD = 0x5eadbeef;

/**
 * What the arrays, by buffer, hold afterwards; the given ones stay. `place` gives the buffer whose memory
 * another one shares.
 */
export const runRegion = (
  region: Region,
  arrays: readonly NumberArray[],
  place: (buffer: number) => number = (b) => b,
): readonly NumberArray[] => {
  let words = 1;
  const starts = arrays.map((array) => {
    words += array.length + 1;
    return words - array.length - 1;
  });
  const memory = new wasm.Memory({ initial: Math.ceil(words / 16384) });
  const all = new Int32Array(memory.buffer).fill(GUARD, 0, words);
  arrays.forEach((array, b) =>
    all.set(new Int32Array(array.buffer, array.byteOffset, array.length), starts[place(b)]!),
  );
  const [kernel] = instantiateRegions(regionModule([region]), memory);
  kernel!(arrays.map((_, b) => 4 * starts[place(b)]!));
  if ([0, ...arrays.map((array, b) => starts[b]! + array.length)].some((word) => all[word] !== GUARD))
    throw new Error('the region wrote where it must not');
  return arrays.map((array, b) => {
    const own = all.slice(starts[place(b)], starts[place(b)]! + array.length);
    return array instanceof Float32Array ? new Float32Array(own.buffer) : own;
  });
};
