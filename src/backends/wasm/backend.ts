import type { Backend } from '../../dsl/compile/backend.js';
import { fail, failure, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F, TE } from '../../internal/fp.js';
import { breather } from '../../internal/stop.js';
import { alongAxisRule } from '../shared/alongAxis.js';
import { createJobs } from '../shared/jobs.js';
import { freedAfter } from '../shared/memory/heap.js';
import { createMemory } from '../shared/memory/memory.js';
import { heapAccess, memoryBackend } from '../shared/memoryBackend.js';
import { withOptions } from '../shared/options.js';
import { randomRule } from '../shared/random.js';
import { rowsRule } from '../shared/rows.js';
import { topKRule } from '../shared/topK.js';
import { anchorRule, anchorScratch, type Kernels } from './anchors.js';
import { type Engine, loadKernels } from './engine/engine.js';
import { wasmExecution, WORTH_WORKERS } from './engine/execution.js';
import { onHost, type WasmKernel } from './engine/kernel.js';
import { type Form, formFor, lazy, type TileSize } from './forms.js';
import { newMemory, wasmHeap } from './memory/memory.js';
import { MOST_THREADS, SYNC_START } from './memory/reserved.js';
import { createPool } from './threads/pool.js';
import { canShareMemory, cores, type Spawn, spawn, workersNeed } from './threads/spawn.js';
import { type WasmOptions, wasmOptions } from './options.js';
import { products } from './products.js';
import { simdRegionRule } from './regions.js';

export type { WasmOptions } from './options.js';

const unavailable = (thrown: unknown): NoisefoldError =>
  failure('BackendUnavailable', {
    where: 'the wasm backend',
    expected: 'WebAssembly with SIMD',
    actual: String(thrown),
    hint: "use a current browser or Node, and allow 'wasm-unsafe-eval' in the content security policy of a page",
  });

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

/** Makes a backend with these kernels. */
export const backendWith = (
  kernels: Kernels,
  {
    portable = false,
    pairing = true,
    threads = Math.min(cores(), MOST_THREADS),
    onNotice = (notice) => () => console.warn(notice),
  }: Omit<WasmOptions, 'kernels'>,
  { worthWorkers = WORTH_WORKERS, start = spawn, tiles }: Internals = {},
): Backend => {
  const isShared = canShareMemory();
  const wasmMemory = newMemory(isShared);
  const form = formFor(portable);
  const { rounding, multiplyAdd, known } = form;
  const modules = form.modules(kernels, tiles ?? tilesFor(form, pairing), isShared);
  const rules = [...RULES, anchorRule(kernels)];
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
      composites: Object.keys(kernels.anchors), // an anchor that is no composite has no effect here
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

/** Fails if a backend demands pairing, and the wide tiles are not faster here. */
const demandPairing = ({ pairing, portable = false }: WasmOptions): either.Either<NoisefoldError, null> => {
  if (pairing !== true) return E.right(null);
  const { isWide, ratio } = formFor(portable).choice();
  return isWide
    ? E.right(null)
    : fail('BackendUnavailable', {
        where: 'the wasm backend: pairing',
        expected: 'an engine in which kernels for 256 bits are faster',
        actual: Number.isNaN(ratio)
          ? 'an engine that did not optimize the kernels within 60 ms'
          : `an engine in which they take ${ratio.toFixed(2)} × the time of kernels for 128 bits`,
        hint: `use Node 24 or later on an x64 processor with AVX2${portable ? ', without `portable`' : ''}, or omit \`pairing\``,
      });
};

/** Loads kernels. */
const kernelsOf = async ({ kernels }: WasmOptions): Promise<Kernels> =>
  kernels === 'products' ? products : (await import('./images.js')).allKernels;

/**
 * Runs programs on the CPU by WebAssembly with SIMD, in Node and in browsers. The code is generated at run time, so
 * there is no file to serve. Each backend has its own memory, of up to 4 GiB. Fails with `BackendUnavailable` if
 * WebAssembly does not support SIMD, or if `pairing` is demanded and absent.
 * @example
 * await using nf = await open(wasm())
 * await nf.run(evaluate(program({ x: '2 2' }, ({ x }) => matmul(x, x)), {})({ x: Float32Array.of(1, 1, 0, 1) })) // → [1, 2, 0, 1]
 */
export const wasm = withOptions<WasmOptions>('the wasm backend', wasmOptions, (options) =>
  F.pipe(
    TE.tryCatch(async () => {
      const kernels = await kernelsOf(options);
      return E.map(() => backendWith(kernels, options))(demandPairing(options));
    }, unavailable),
    TE.flatMap(TE.fromEither),
  ),
);
