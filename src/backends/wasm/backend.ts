import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { Backend } from '../../dsl/compile/backend.js';
import { TE } from '../../internal/fp.js';
import { hostBackend } from '../shared/hostBackend.js';
import { withOptions } from '../shared/options.js';
import { randomRule } from '../shared/random.js';
import { rowsRule } from '../shared/rows.js';
import { topKRule } from '../shared/topK.js';
import { simdKernels } from './kernels/kernels.js';
import { libraryRule } from '../tfjs/library.js';
import { simdAnchorRule, simdScratch } from './anchors.js';
import { simdRegionRule } from './regions.js';
import { wasmHeap, wasmKernels } from './memory.js';
import { moduleOf, startWasm } from './module.js';
import { type WasmOptions, wasmOptions } from './options.js';

export type { WasmOptions, WasmPaths } from './options.js';

const backendOn = (tfjs: BackendWasm): Backend => {
  const { memory } = moduleOf(tfjs).asm;
  const rules = [randomRule, topKRule, rowsRule, simdAnchorRule(simdKernels(memory)), libraryRule(wasmKernels(tfjs))];
  return hostBackend({
    name: 'wasm',
    capabilities: { fuses: true, composites: ['filterGradient'], scratchElements: simdScratch },
    heap: wasmHeap(tfjs),
    rules: (plan) => [...rules, simdRegionRule(plan, memory)],
  });
};

/**
 * Runs programs on the CPU by WebAssembly with SIMD, in Node and in browsers. It uses the memory of tfjs's wasm
 * backend. In Node it finds tfjs's `.wasm` files in the installed package. In a browser, `paths` must say where
 * they are served: `wasm({ paths: '/assets/tfjs-wasm/' })`. All wasm backends of a process share one memory;
 * closing a backend frees what it allocated. Fails with `BackendUnavailable` if the module cannot start.
 * @example
 * await pipe(
 *   compile(program({ x: '2 2' }, ({ x }) => matmul(x, x)), {}),
 *   RTE.flatMapTaskEither(({ run }) => run({ x: Float32Array.of(1, 1, 0, 1) })),
 *   RTE.flatMap(read),
 *   using(wasm()),
 * )() // → E.right([1, 2, 0, 1])
 */
export const wasm = withOptions<WasmOptions>('the wasm backend', wasmOptions, ({ paths }) =>
  TE.map(backendOn)(startWasm(paths)),
);
