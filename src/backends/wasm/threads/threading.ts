/** The code of threads. A backend that runs everything on the calling thread does not load it. */
import type { io } from '../../../internal/fp.js';
import type { WasmMemory } from '../assembler/assembler.js';
import type { Modules } from './modules.js';
import { MOST_THREADS, SYNC_START } from '../memory/reserved.js';
import { createPool, type Pool } from './pool.js';
import { several } from './several.js';
import { cores, type Spawn, spawn, workersNeed } from './spawn.js';

/** The settings of a pool. */
export interface PoolSettings {
  readonly memory: WasmMemory;
  readonly modules: Modules;
  /** Default: the number of cores. */
  readonly threads?: number | undefined;
  /** Receives a notice, once, if the workers do not start. Default: a warning in the console. */
  readonly onNotice?: ((notice: string) => io.IO<void>) | undefined;
  /** Starts a worker. */
  readonly start?: Spawn | undefined;
}

/** Makes a pool that gives a notice the first time that its workers do not start. */
const poolOf = ({
  memory,
  modules,
  threads = Math.min(cores(), MOST_THREADS),
  onNotice = (notice) => () => console.warn(notice),
  start = spawn,
}: PoolSettings): Pool => {
  const pool = createPool(memory, modules, threads, SYNC_START, start);
  let isNoticed = false;
  return {
    ...pool,
    run: async (...stages) => {
      const outcome = await pool.run(...stages);
      if (outcome?.kind === 'notStarted' && !isNoticed) {
        isNoticed = true;
        onNotice(
          `noisefold: the wasm backend runs on the calling thread and blocks it, because its workers did not start (${outcome.reason}); ${workersNeed()}`,
        )();
      }
      return outcome;
    },
  };
};

export interface Threading {
  /** The part of the driver for several threads. */
  readonly several: typeof several;
  readonly poolOf: typeof poolOf;
}

export const threading: Threading = { several, poolOf };
