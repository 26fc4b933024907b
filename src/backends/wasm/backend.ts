import type { Backend } from '../../dsl/compile/backend.js';
import { failure, type NoisefoldError } from '../../internal/errors.js';
import { E, TE } from '../../internal/fp.js';
import { alongAxisRule } from '../shared/alongAxis.js';
import { createMemory } from '../shared/memory/memory.js';
import { readNumbers, writeNumbers } from '../shared/memory/numbers.js';
import { memoryBackend } from '../shared/memoryBackend.js';
import { withOptions } from '../shared/options.js';
import { randomRule } from '../shared/random.js';
import { rowsRule } from '../shared/rows.js';
import { topKRule } from '../shared/topK.js';
import { simdAnchorRule, simdScratch } from './anchors.js';
import { newEngine } from './engine/engine.js';
import { wasmExecution } from './engine/execution.js';
import { onHost, type WasmKernel } from './engine/kernel.js';
import { kernelFunctions } from './kernels/functions.js';
import { canFuse, fused, separate } from './kernels/multiplyAdd.js';
import { newMemory, wasmHeap } from './memory/memory.js';
import { type WasmOptions, wasmOptions } from './options.js';
import { simdRegionRule } from './regions.js';

export type { WasmOptions } from './options.js';

const unavailable = (thrown: unknown): NoisefoldError =>
  failure('BackendUnavailable', {
    where: 'the wasm backend',
    expected: 'WebAssembly with SIMD',
    actual: String(thrown),
    hint: "use a current browser or Node, and allow 'wasm-unsafe-eval' in the content security policy of a page",
  });

const RULES = [...[randomRule, topKRule, rowsRule, alongAxisRule].map(onHost), simdAnchorRule, simdRegionRule];

const newBackend = ({ portable = false }: WasmOptions): Backend => {
  const memory = newMemory();
  const heap = wasmHeap(memory);
  const books = createMemory('wasm', heap);
  const engine = newEngine(memory, false, kernelFunctions(!portable && canFuse() ? fused : separate));
  return memoryBackend<WasmKernel>({
    name: 'wasm',
    capabilities: { fuses: true, composites: ['filterGradient'], scratchElements: simdScratch },
    memory: books,
    rules: () => RULES,
    layOut: (plan, kernels) => wasmExecution(plan, kernels, engine, heap, books),
    write: (address, data, dtype) => {
      writeNumbers(heap.array(address, 0, data.length, dtype), data, dtype);
      return null;
    },
    read: (address, { elements, dtype }) => E.right(readNumbers(heap.array(address, 0, elements, dtype), dtype)),
    close: () => undefined,
    lost: () => null,
  });
};

/**
 * Runs programs on the CPU by WebAssembly with SIMD, in Node and in browsers. The code is generated at run time: there is no
 * file to serve. Each backend has a memory of its own, of up to 4 GiB. `BackendUnavailable` if WebAssembly has no SIMD here.
 * @example
 * await pipe(
 *   compile(program({ x: '2 2' }, ({ x }) => matmul(x, x)), {}),
 *   RTE.flatMapTaskEither(({ run }) => run({ x: Float32Array.of(1, 1, 0, 1) })),
 *   RTE.flatMap(read),
 *   using(wasm()),
 * )() // → E.right([1, 2, 0, 1])
 */
export const wasm = withOptions<WasmOptions>('the wasm backend', wasmOptions, (options) =>
  TE.tryCatch(async () => newBackend(options), unavailable),
);
