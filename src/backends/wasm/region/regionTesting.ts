/** Test helper: runs a region on arrays, with guard words around them. */
import type { Region } from '../../../dsl/graph/region.js';
import { atOnce } from '../../../internal/stop.js';
import { wasm, type WasmMemory } from '../assembler/assembler.js';
import { encode, writeTape } from '../engine/tape.js';
import { functionNames, loadKernels, loadProgram } from '../engine/engine.js';
import { modulesOf } from '../engine/modules.js';
import { separate } from '../kernels/multiplyAdd.js';
import { programOf } from '../engine/program.js';

export type NumberArray = Float32Array | Int32Array;

const GUARD = 0x5eadbeef;

/** No kernels: only the driver. */
const modules = modulesOf([], false);

/**
 * Runs a region, in the parts that would be distributed over threads, with its buffers at these addresses. The tape is
 * at `end`.
 */
export const runRegionOn = (
  memory: WasmMemory,
  region: Region,
  addresses: readonly number[],
  end: number,
  multiplyAdd = separate,
): void => {
  const program = atOnce(programOf([{ kind: 'region', name: 'region', region }], { isShared: false, multiplyAdd }));
  const names = functionNames(modules, program);
  const [kernel] = program.kernels;
  const tape = atOnce(encode([kernel?.kind === 'stages' ? kernel.stages : []], (name) => names.indexOf(name)));
  const start = Math.ceil(end / 16) * 16;
  const needed = start + 4 * tape.words.length - memory.buffer.byteLength;
  if (needed > 0) memory.grow(Math.ceil(needed / 65536));
  writeTape(tape, new Int32Array(memory.buffer, start, tape.words.length), addresses);
  loadProgram({ memory, modules, kernels: () => loadKernels({ memory, modules }) }, program)(start, tape.starts[1]!);
};

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
  runRegionOn(
    memory,
    region,
    arrays.map((_, b) => 4 * starts[storageOf(b)]!),
    4 * words,
  );
  const after = new Int32Array(memory.buffer); // the memory may have grown, which detaches earlier views
  if ([0, ...arrays.map((array, b) => starts[b]! + array.length)].some((word) => after[word] !== GUARD))
    throw new Error('the region wrote outside its buffers');
  return arrays.map((array, b) => {
    const own = after.slice(starts[storageOf(b)], starts[storageOf(b)]! + array.length);
    return array instanceof Float32Array ? new Float32Array(own.buffer) : own;
  });
};
