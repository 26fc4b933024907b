/** Workers that start, work and end together. */
import type { WasmMemory } from '../assembler/assembler.js';
import { SYNC } from './several.js';
import type { Modules } from './modules.js';
import type { FromWorker, LoadedProgram, ToWorker } from './protocol.js';
import type { Spawn, WorkerHandle } from './spawn.js';

/** The reason why a run did not succeed. If the workers did not start, nothing has run. */
export interface Failure {
  readonly kind: 'notStarted' | 'failed';
  readonly reason: string;
}

/** The outcome of a run: null if it succeeded. */
export type Outcome = Failure | null;

export interface Crew {
  readonly ready: Promise<Outcome>;
  /** The first failure; null while all workers work. */
  readonly failure: () => Outcome;
  /** Posts a message to all workers. */
  readonly tell: (message: ToWorker) => void;
  /** Posts a run, and waits until all workers have finished it or one has failed. */
  readonly run: (program: number, address: number, count: number) => Promise<Outcome>;
  /** Fails the run in progress, and ends the workers. After it resolves, nothing writes to the memory any more. */
  readonly dismiss: (failure: Failure) => Promise<void>;
}

/** Milliseconds that workers may take to start. */
const START_LIMIT = 20_000;

/** Starts `threads` workers with these programs. `sync` is the address of the state that they share. */
export const createCrew = (
  memory: WasmMemory,
  { driver, kernels }: Modules,
  threads: number,
  sync: number,
  programs: readonly LoadedProgram[],
  spawn: Spawn,
): Crew => {
  const state = new Int32Array(memory.buffer, sync, 4);
  state.fill(0);
  const workers: WorkerHandle[] = [];
  let missing = threads;
  let failure: Outcome = null;
  /** Called when all workers have started, and when the run in progress has ended. */
  let settle: (outcome: Outcome) => void = () => undefined;
  const settled = (begin: () => void): Promise<Outcome> =>
    new Promise((resolve) => {
      if (failure !== null) return resolve(failure);
      settle = resolve;
      begin();
    });
  const end = (of: Failure): void => {
    clearTimeout(timer);
    failure ??= of;
    settle(failure);
  };
  const fail = (reason: string): void => end({ kind: missing > 0 ? 'notStarted' : 'failed', reason });
  const timer = setTimeout(() => fail(`no answer within ${START_LIMIT / 1000} s`), START_LIMIT);
  const onMessage = (message: FromWorker): void => {
    if (message.kind === 'failed') fail(message.message);
    if (message.kind === 'done') settle(failure);
    if (message.kind !== 'ready' || --missing > 0) return;
    clearTimeout(timer);
    settle(failure);
  };
  const onEnd = (reason: string): void => fail(`a worker stopped: ${reason}`);
  const ready = settled(() => {
    try {
      for (let thread = 0; thread < threads; thread++) {
        const worker = spawn({ onMessage, onEnd });
        workers.push(worker);
        worker.hold(true);
        worker.post({ kind: 'start', memory, kernels, driver, thread, threads, sync });
        for (const program of programs) worker.post({ kind: 'load', ...program });
      }
    } catch (thrown) {
      fail(String(thrown));
    }
  });
  return {
    ready,
    failure: () => failure,
    tell: (message) => workers.forEach(({ post }) => post(message)),
    run: async (program, address, count) => {
      for (const { hold } of workers) hold(true);
      const outcome = await settled(() => {
        for (const { post } of workers) post({ kind: 'run', program, address, count });
      });
      for (const { hold } of workers) hold(false);
      return outcome;
    },
    dismiss: async (because) => {
      end(because);
      // tells threads that wait at the barrier to return
      Atomics.store(state, SYNC.stopped / 4, 1);
      Atomics.add(state, SYNC.opened / 4, 1);
      Atomics.notify(state, SYNC.opened / 4);
      const isWorking = (): boolean => Atomics.load(state, SYNC.working / 4) > 0;
      await Promise.all(workers.map((worker) => worker.end(isWorking)));
    },
  };
};
