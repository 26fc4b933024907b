import type { Backend } from '../../dsl/plan/backend.js';
import { failure, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F, TE } from '../../internal/fp.js';
import { breather } from '../../internal/stop.js';
import { alongAxisRule } from '../shared/alongAxis.js';
import { createJobs } from '../shared/jobs.js';
import { freedAfter } from '../shared/heap.js';
import { createMemory } from '../shared/memory.js';
import { heapAccess, memoryBackend } from '../shared/memoryBackend.js';
import { withOptions } from '../shared/options.js';
import type { Rule } from '../shared/kernel.js';
import { randomRule } from '../shared/random.js';
import { rowsRule } from '../shared/indexing.js';
import { topKRule } from '../shared/topK.js';
import { anchorRule, anchorScratch, type Kernels } from './anchors.js';
import { type Engine, loadKernels } from './engine/engine.js';
import { wasmExecution, WORTH_WORKERS } from './engine/execution.js';
import { onHost, type WasmKernel } from './engine/kernel.js';
import { type Form, formFor, lazy, type TileSize } from './forms.js';
import { newMemory, wasmHeap } from './memory/memory.js';
import { canShareMemory } from './threads/host.js';
import type { Spawn } from './threads/spawn.js';
import type { Threading } from './threads/threading.js';
import { type WasmOptions, wasmOptions } from './options.js';
import { products } from './products.js';

export type { WasmOptions } from './options.js';

const unavailable = (thrown: unknown): NoisefoldError =>
  failure('BackendUnavailable', {
    where: 'the wasm backend',
    expected: 'WebAssembly with SIMD',
    actual: String(thrown),
    hint: "use a current browser or Node, and allow 'wasm-unsafe-eval' in the content security policy of a page",
  });

/** Regions run as generated code, compiled together with the other regions of the plan. */
const simdRegionRule: Rule<WasmKernel> = (call) =>
  call.kind === 'region' ? { kind: 'region', name: 'simd region', region: call.region } : null;

const RULES = [...[randomRule, topKRule, rowsRule, alongAxisRule].map(onHost), simdRegionRule];

/** Settings for tests. */
export interface Internals {
  /** Stages of at least this number of cycles run on workers. */
  readonly worthWorkers?: number;
  /** Starts a worker. */
  readonly start?: Spawn;
  /** Default: the tiles that a measurement chooses, or the narrow ones without pairing. */
  readonly tiles?: 'narrow' | 'wide';
}

/** The tiles that are faster here; the narrow ones without pairing. */
const tilesFor = ({ choice }: Form, pairing: boolean): TileSize => (pairing && choice().isWide ? 'wide' : 'narrow');

/** Makes a backend with these kernels. Without `threading` it runs everything on the calling thread. */
export const backendWith = (
  kernels: Kernels,
  threading: Threading | null,
  { portable = false, pairing = true, threads, onNotice }: Omit<WasmOptions, 'kernels'>,
  { worthWorkers = WORTH_WORKERS, start, tiles }: Internals = {},
): Backend => {
  const isShared = threading !== null;
  const wasmMemory = newMemory(isShared);
  const form = formFor(portable);
  const { rounding, multiplyAdd, known } = form;
  const modules = form.modules(kernels, tiles ?? tilesFor(form, pairing), threading?.several ?? null);
  const rules = [...RULES, anchorRule(kernels)];
  const jobs = createJobs();
  const heap = wasmHeap(wasmMemory);
  const memory = createMemory('wasm', freedAfter(heap, jobs));
  const pool = threading?.poolOf({ memory: wasmMemory, modules, threads, onNotice, start }) ?? null;
  const engine: Engine = {
    memory: wasmMemory,
    isShared,
    multiplyAdd,
    known,
    modules,
    kernels: lazy(() => loadKernels({ memory: wasmMemory, modules })),
    pool,
    worthWorkers,
    turns: { jobs, memory, breathe: threads === 0 ? () => null : breather() },
  };
  return memoryBackend<WasmKernel>({
    name: 'wasm',
    capabilities: {
      fuses: true,
      composites: Object.keys(kernels.anchors), // names of anchors that are not composites have no effect here
      scratchElements: anchorScratch(kernels),
    },
    rounding,
    memory,
    rules: () => rules,
    layOut: (plan, kernels) => wasmExecution(plan, kernels, engine, heap),
    ...heapAccess(heap),
    close: async () => {
      await pool?.stop();
      await jobs.drain();
    },
    lost: () => null,
  });
};

/** Fails if the options demand pairing and the wide tiles are not faster here. */
const checkPairing = async ({ pairing, portable = false }: WasmOptions): Promise<either.Either<NoisefoldError, null>> =>
  pairing === true ? (await import('./demandPairing.js')).demandPairing(portable) : E.right(null);

/** Loads the kernels that the options name. */
const kernelsOf = async ({ kernels }: WasmOptions): Promise<Kernels> =>
  kernels === 'products' ? products : (await import('./images.js')).allKernels;

/** Loads what a backend with threads needs, where threads can share memory. */
const threadingOf = async ({ threads }: WasmOptions): Promise<Threading | null> =>
  threads !== 0 && canShareMemory() ? (await import('./threads/threading.js')).threading : null;

/**
 * Runs programs on the CPU by WebAssembly with SIMD, in Node and in browsers. The code is generated at run time, so
 * there is no file to serve. Each backend has its own memory, of up to 4 GiB. Fails with `BackendUnavailable` if
 * WebAssembly does not support SIMD, or if the option `pairing` is true and the engine has no pairing.
 * @example
 * await using nf = await open(wasm())
 * await nf.run(evaluate(program({ x: '2 2' }, ({ x }) => matmul(x, x)), {})({ x: Float32Array.of(1, 1, 0, 1) })) // → [1, 2, 0, 1]
 */
export const wasm = withOptions<WasmOptions>('the wasm backend', wasmOptions, (options) =>
  F.pipe(
    TE.tryCatch(async () => {
      const [kernels, threading, pairing] = await Promise.all([
        kernelsOf(options),
        threadingOf(options),
        checkPairing(options),
      ]);
      return E.map(() => backendWith(kernels, threading, options))(pairing);
    }, unavailable),
    TE.flatMap(TE.fromEither),
  ),
);
