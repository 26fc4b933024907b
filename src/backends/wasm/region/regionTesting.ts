/** Test helper: runs a region on arrays, with guard words around them. */
import type { BinaryFn, UnaryFn } from '../../../dsl/graph/node.js';
import type { NumberType, Region } from '../../../dsl/graph/region.js';
import { binaryFunctions, unaryFunctions } from '../../../dsl/primitives/elementwise.js';
import { atOnce } from '../../../internal/stop.js';
import { binaryFormulas, unaryFormulas } from '../../shared/elementary/functions.js';
import * as scalar from '../../../dsl/primitives/scalar.js';
import { wasm, type WasmMemory } from '../assembler/assembler.js';
import { encode, writeTape } from '../engine/tape.js';
import { functionNames, loadKernels, loadProgram } from '../engine/engine.js';
import { modulesOf } from '../threads/modules.js';
import { type MultiplyAdd, separate } from '../kernels/multiplyAdd.js';
import { paired } from '../kernels/testing.js';
import { programOf } from '../engine/program.js';

export type NumberArray = Float32Array | Int32Array;

const GUARD = 0x5eadbeef;

/** Code without kernels: only the driver. */
const modules = modulesOf([], null);

/**
 * Prepares a run of a region, in the parts that would be distributed over threads, with its buffers at these addresses.
 * The tape is at `end`.
 */
const preparedRegion = (
  memory: WasmMemory,
  region: Region,
  addresses: readonly number[],
  end: number,
  multiplyAdd: MultiplyAdd,
): (() => void) => {
  const program = atOnce(programOf([{ kind: 'region', name: 'region', region }], { isShared: false, multiplyAdd }));
  const names = functionNames(modules, program);
  const [kernel] = program.kernels;
  const tape = atOnce(encode([kernel?.kind === 'stages' ? kernel.stages : []], (name) => names.indexOf(name)));
  const start = Math.ceil(end / 16) * 16;
  const needed = start + 4 * tape.words.length - memory.buffer.byteLength;
  if (needed > 0) memory.grow(Math.ceil(needed / 65536));
  writeTape(tape, new Int32Array(memory.buffer, start, tape.words.length), addresses);
  const run = loadProgram({ memory, modules, kernels: () => loadKernels({ memory, modules }) }, program);
  return () => run(start, tape.starts[1]!);
};

/** A function of one or two elements. */
export type ElementFunction =
  | { readonly op: 'unary'; readonly fn: UnaryFn }
  | { readonly op: 'binary'; readonly fn: BinaryFn };

/**
 * Runs a region on copies of `arrays`, one for each buffer, and returns the contents of the buffers afterwards.
 * `storageOf` maps a buffer to the one whose memory it uses, to test buffers that share memory. Throws if the region
 * changes a guard word. See {@link paired}.
 */
export const runRegion = (
  region: Region,
  arrays: readonly NumberArray[],
  storageOf: (buffer: number) => number = (b) => b,
  multiplyAdd: MultiplyAdd = separate,
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
  const addresses = arrays.map((_, b) => 4 * starts[storageOf(b)]!);
  paired(() => preparedRegion(memory, region, addresses, 4 * words, multiplyAdd)());
  const after = new Int32Array(memory.buffer); // the memory may have grown, which detaches earlier views
  if ([0, ...arrays.map((array, b) => starts[b]! + array.length)].some((word) => after[word] !== GUARD))
    throw new Error('the region wrote outside its buffers');
  return arrays.map((array, b) => {
    const own = after.slice(starts[storageOf(b)], starts[storageOf(b)]! + array.length);
    return array instanceof Float32Array ? new Float32Array(own.buffer) : own;
  });
};

const typeGivenBy = (f: ElementFunction, dtype: NumberType): NumberType =>
  (f.op === 'unary' ? unaryFunctions[f.fn] : binaryFunctions[f.fn]).gives ?? dtype;

/** The region that computes a function of arrays of a dtype: operands in the first buffers, the result in the last. */
const regionOf = (f: ElementFunction, dtype: NumberType, length: number): Region => {
  const gives = typeGivenBy(f, dtype);
  const loads = (f.op === 'unary' ? [0] : [0, 1]).map((buffer) => ({ buffer, offset: 0, strides: [1] }));
  return {
    extents: [length],
    reduced: 0,
    loads,
    body: [
      ...loads.map((_, load) => ({ op: 'load', dtype, load }) as const),
      f.op === 'unary' ? { ...f, dtype: gives, a: 0 } : { ...f, dtype: gives, a: 0, b: 1 },
    ],
    stores: [{ buffer: loads.length, offset: 0, strides: [1], value: loads.length, reduce: null }],
  };
};

/** Computes a function of arrays of a dtype. */
export const applied = (
  f: ElementFunction,
  dtype: NumberType,
  operands: readonly NumberArray[],
  multiplyAdd: MultiplyAdd,
): NumberArray => {
  const { length } = operands[0]!;
  const result = typeGivenBy(f, dtype) === 'float32' ? new Float32Array(length) : new Int32Array(length);
  return runRegion(regionOf(f, dtype, length), [...operands, result], undefined, multiplyAdd).at(-1)!;
};

/** A function of single float32 numbers, computed by a region. */
const compiledFunction = (f: ElementFunction): ((...operands: readonly number[]) => number) => {
  const memory = new wasm.Memory({ initial: 1 });
  const addresses = f.op === 'unary' ? [0, 8] : [0, 4, 8];
  const run = preparedRegion(memory, regionOf(f, 'float32', 1), addresses, 12, separate);
  const numbers = new Float32Array(memory.buffer);
  return (...operands) => {
    numbers.set(operands);
    run();
    return numbers[2]!;
  };
};

const compiled = <Fn extends string>(fns: readonly Fn[], of: (fn: Fn) => ElementFunction) =>
  new Map<string, (...operands: readonly number[]) => number>(fns.map((fn) => [fn, compiledFunction(of(fn))]));
// the casts are safe: the names are the keys of the tables
const unaries = compiled(Object.keys(unaryFormulas) as (keyof typeof unaryFormulas)[], (fn) => ({ op: 'unary', fn }));
const binaries = compiled(Object.keys(binaryFormulas) as (keyof typeof binaryFormulas)[], (fn) => ({
  op: 'binary',
  fn,
}));

/**
 * The functions of elements. Regions compute the functions that have formulas; the definitions in `scalar.ts` compute
 * the others.
 */
export const functionsAlone: Pick<typeof scalar, 'unaryFunction' | 'binaryFunction'> = {
  unaryFunction: (fn, dtype) => (dtype === 'float32' && unaries.get(fn)) || scalar.unaryFunction(fn, dtype),
  binaryFunction: (fn, dtype) => (dtype === 'float32' && binaries.get(fn)) || scalar.binaryFunction(fn, dtype),
};
