/** All networks on wasm. */
import { either as E } from 'fp-ts';
import { type Backend, using } from 'noisefold/dsl';
import { wasm } from 'noisefold/backends/wasm';
import { cores } from '../src/backends/wasm/threads/spawn.js';
import { NETWORKS, networkR } from './network.js';
import { torchPeer } from './peers/torch.js';
import { browserSection } from './sections/browser.js';
import { executorSection } from './sections/executor.js';
import { jaxSection } from './sections/jax.js';
import { memorySection } from './sections/memory.js';
import { planningSection } from './sections/planning.js';
import { samplingSection } from './sections/sampling.js';
import { speedSection } from './sections/speed.js';
import { startSection } from './sections/start.js';
import { turningSection } from './sections/turning.js';
import { orThrow, type Row } from './table.js';
import type { Timing } from './timings.js';

export interface WasmOptions {
  readonly rounds: number;
  /** The number of slowest calls to print. */
  readonly profiled: number;
}

export interface WasmResults {
  readonly rows: readonly Row[];
  readonly timings: readonly Timing[];
  /** The version of PyTorch, or the reason why it did not run. */
  readonly torch: string;
}

const sections = (options: WasmOptions) => (backend: Backend) => async (): Promise<E.Either<never, WasmResults>> => {
  const recipe = orThrow(networkR);
  const planning = await planningSection(backend, recipe); // first, in a cold process
  const torch = await torchPeer(Object.values(NETWORKS));
  const memory = await memorySection(backend, recipe, torch); // before the peers enlarge the memory
  const turning = await turningSection(backend, recipe);
  const speed = await speedSection(backend, recipe, torch, cores(), options);
  if (typeof torch !== 'string') torch.stop();
  const unpaired = orThrow(await wasm({ pairing: false })());
  const browser = await browserSection(unpaired, recipe, options.rounds);
  orThrow(await unpaired.close());
  return E.right({
    rows: [
      ...speed.rows,
      ...browser,
      ...(await jaxSection(backend, options.rounds)),
      ...planning,
      ...startSection(options.rounds),
      ...turning,
      ...(await samplingSection(backend, recipe, options.rounds)),
      ...(await executorSection(backend, recipe, speed.stepMilliseconds)),
      ...memory,
    ],
    timings: speed.timings,
    torch: typeof torch === 'string' ? `without PyTorch (${torch})` : torch.version,
  });
};

export const wasmResults = async (options: WasmOptions): Promise<WasmResults> =>
  orThrow(await using(wasm())(sections(options))());
