import type { Backend } from '../../dsl/compile/backend.js';
import { failure, type NoisefoldError } from '../../dsl/errors.js';
import { TE } from '../../internal/fp.js';
import { alongAxisRule } from '../shared/alongAxis.js';
import { hostBackend } from '../shared/hostBackend.js';
import { withOptions } from '../shared/options.js';
import { randomRule } from '../shared/random.js';
import { rowsRule } from '../shared/rows.js';
import { topKRule } from '../shared/topK.js';
import { simdAnchorRule, simdScratch } from './anchors.js';
import { simdKernels } from './kernels/kernels.js';
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

const newBackend = ({ portable = false }: WasmOptions): Backend => {
  const memory = newMemory();
  const kernels = simdKernels(memory, !portable && canFuse() ? fused : separate);
  const rules = [randomRule, topKRule, rowsRule, alongAxisRule, simdAnchorRule(kernels)];
  return hostBackend({
    name: 'wasm',
    capabilities: { fuses: true, composites: ['filterGradient'], scratchElements: simdScratch },
    heap: wasmHeap(memory),
    rules: (plan) => [...rules, simdRegionRule(plan, memory)],
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
