import type { Backend } from '../../dsl/compile/backend.js';
import { failure, type NoisefoldError } from '../../internal/errors.js';
import { E, TE } from '../../internal/fp.js';
import { breather } from '../../internal/stop.js';
import { alongAxisRule } from '../shared/alongAxis.js';
import { createJobs } from '../shared/jobs.js';
import { freedAfter } from '../shared/memory/heap.js';
import { createMemory } from '../shared/memory/memory.js';
import { readNumbers, writeNumbers } from '../shared/memory/numbers.js';
import { memoryBackend } from '../shared/memoryBackend.js';
import { withOptions } from '../shared/options.js';
import { randomRule } from '../shared/random.js';
import { rowsRule } from '../shared/rows.js';
import { topKRule } from '../shared/topK.js';
import { simdAnchorRule, simdScratch } from './anchors.js';
import { type Engine, loadKernels } from './engine/engine.js';
import { modulesOf } from './engine/modules.js';
import { wasmExecution, WORTH_WORKERS } from './engine/execution.js';
import { onHost, type WasmKernel } from './engine/kernel.js';
import { kernelFunctions } from './kernels/functions.js';
import { canFuse, fused, type MultiplyAdd, separate } from './kernels/multiplyAdd.js';
import { newMemory, wasmHeap } from './memory/memory.js';
import { MOST_THREADS, SYNC_START } from './memory/reserved.js';
import { createPool } from './threads/pool.js';
import { canShareMemory, cores, type Spawn, spawn, workersNeed } from './threads/spawn.js';
import { type WasmOptions, wasmOptions } from './options.js';
import { noCode } from './region/index.js';
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

/** Defers a computation to the first call and keeps its result. */
const lazy = <A>(compute: () => A): (() => A) => {
  let known: { readonly value: A } | undefined;
  return () => (known ??= { value: compute() }).value;
};

// the machine and the kernels are the same for all backends of a process, and compiling takes 20 ms
const fuses = lazy(canFuse);
const formOf = (multiplyAdd: MultiplyAdd) => ({
  multiplyAdd,
  known: noCode(), // the code of regions, which many programs have in common
  shared: lazy(() => modulesOf(kernelFunctions(multiplyAdd), true)),
  own: lazy(() => modulesOf(kernelFunctions(multiplyAdd), false)),
});
const FORMS = { fused: formOf(fused), separate: formOf(separate) } as const;

/** Makes a backend. If it has workers, which `start` starts, stages of at least `worthWorkers` cycles run on them. */
export const wasmBackend = (
  {
    portable = false,
    threads = Math.min(cores(), MOST_THREADS),
    onNotice = (notice) => () => console.warn(notice),
  }: WasmOptions,
  worthWorkers = WORTH_WORKERS,
  start: Spawn = spawn,
): Backend => {
  const isShared = canShareMemory();
  const wasmMemory = newMemory(isShared);
  const rounding = !portable && fuses() ? 'fused' : 'separate';
  const { multiplyAdd, known, shared, own } = FORMS[rounding];
  const modules = isShared ? shared() : own();
  const jobs = createJobs();
  const heap = wasmHeap(wasmMemory);
  const memory = createMemory('wasm', freedAfter(heap, jobs));
  const pool = isShared ? createPool(wasmMemory, modules, threads, SYNC_START, start) : null;
  const engine: Engine = {
    memory: wasmMemory,
    isShared,
    multiplyAdd,
    known,
    modules,
    kernels: lazy(() => loadKernels({ memory: wasmMemory, modules })),
    pool,
    worthWorkers,
    turns: { jobs, memory, breathe: breather() },
    onNoWorkers: noticeOnce(onNotice),
  };
  return memoryBackend<WasmKernel>({
    name: 'wasm',
    capabilities: {
      fuses: true,
      composites: ['filterGradient', 'attention', 'attentionGradient'],
      scratchElements: simdScratch,
    },
    rounding,
    memory,
    rules: () => RULES,
    layOut: (plan, kernels) => wasmExecution(plan, kernels, engine, heap),
    write: (address, data, dtype) => {
      writeNumbers(heap.array(address, 0, data.length, dtype), data, dtype);
      return null;
    },
    read: (address, { elements, dtype }) => E.right(readNumbers(heap.array(address, 0, elements, dtype), dtype)),
    close: async () => {
      await pool?.stop();
      await jobs.ended();
    },
    lost: () => null,
  });
};

/** Gives a notice, once, that there are no workers. */
const noticeOnce = (onNotice: NonNullable<WasmOptions['onNotice']>): ((reason: string) => void) => {
  let isNoticed = false;
  return (reason) => {
    if (isNoticed) return;
    isNoticed = true;
    onNotice(
      `noisefold: the wasm backend runs on the calling thread and blocks it, because its workers did not start (${reason}); ${workersNeed()}`,
    )();
  };
};

/**
 * Runs programs on the CPU by WebAssembly with SIMD, in Node and in browsers. The code is generated at run time, so
 * there is no file to serve. Each backend has its own memory, of up to 4 GiB. Fails with `BackendUnavailable` if
 * WebAssembly does not support SIMD.
 * @example
 * await using nf = await open(wasm())
 * await nf.run(evaluate(program({ x: '2 2' }, ({ x }) => matmul(x, x)), {})({ x: Float32Array.of(1, 1, 0, 1) })) // → [1, 2, 0, 1]
 */
export const wasm = withOptions<WasmOptions>('the wasm backend', wasmOptions, (options) =>
  TE.tryCatch(async () => wasmBackend(options), unavailable),
);
