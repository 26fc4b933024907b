/**
 * The workers of a backend. They start with the first run, and run all stages of a tape together; the calling thread only
 * waits for a message, so its timers and events go on.
 */
import type { WasmMemory } from '../assembler/assembler.js';
import { SYNC } from '../engine/driver.js';
import type { Modules } from '../engine/modules.js';
import type { LoadedProgram } from './protocol.js';
import { spawn, type WorkerHandle } from './spawn.js';

/** Why a run did not succeed. If the workers did not start, nothing has run. */
export interface Failure {
  readonly kind: 'notStarted' | 'failed';
  readonly reason: string;
}

/** The outcome of a run: null if it succeeded. */
export type Outcome = Failure | null;

export interface Pool {
  /** Makes a program known to the workers, and returns its number. */
  readonly load: (program: Omit<LoadedProgram, 'program'>) => number;
  readonly drop: (program: number) => void;
  /**
   * Runs stages of a program, after the runs that were asked for before. If a run fails, the workers end, and start anew for
   * the next one.
   */
  readonly run: (program: number, address: number, count: number) => Promise<Outcome>;
  /** Ends the workers and the run in progress. Nothing writes to the memory any more once this resolves. */
  readonly stop: () => Promise<void>;
}

/** Milliseconds that workers may take to start. */
const START_LIMIT = 20_000;

const CLOSED: Failure = { kind: 'failed', reason: 'the backend was closed' };

/** Workers that start, work and end together. */
interface Crew {
  readonly workers: readonly WorkerHandle[];
  readonly started: Promise<Outcome>;
  /** Posts a run, and waits until all workers have finished it or one has failed. */
  readonly run: (program: number, address: number, count: number) => Promise<Outcome>;
  /** Fails what is in progress, and ends the workers. */
  readonly dismiss: (failure: Failure) => Promise<void>;
}

const createCrew = (
  memory: WasmMemory,
  { driver, kernels }: Modules,
  threads: number,
  sync: number,
  programs: ReadonlyMap<number, LoadedProgram>,
): Crew => {
  const state = new Int32Array(memory.buffer as ArrayBuffer, sync, 4);
  state.fill(0);
  const workers: WorkerHandle[] = [];
  let missing = threads;
  let ended: Outcome = null;
  const kind = (): Failure['kind'] => (missing > 0 ? 'notStarted' : 'failed');
  /** Called when the workers have started, or the run in progress has ended. */
  let settle: (outcome: Outcome) => void = () => undefined;
  const settled = (begin: () => void): Promise<Outcome> =>
    new Promise((resolve) => {
      if (ended !== null) return resolve(ended);
      settle = resolve;
      begin();
    });
  const end = (failure: Failure): void => {
    ended ??= failure;
    settle(ended);
  };
  const fail = (reason: string): void => end({ kind: kind(), reason });
  const dismiss = async (failure: Failure): Promise<void> => {
    end(failure);
    // threads that wait for the others return
    Atomics.store(state, SYNC.stopped / 4, 1);
    Atomics.add(state, SYNC.opened / 4, 1);
    Atomics.notify(state, SYNC.opened / 4);
    await Promise.all(workers.map(({ end }) => end()));
  };
  const started = settled(() => {
    const timer = setTimeout(() => fail('the workers did not start in time'), START_LIMIT);
    const listener = {
      onMessage: (message: Parameters<Parameters<typeof spawn>[0]['onMessage']>[0]): void => {
        if (message.kind === 'failed') fail(message.message);
        if (message.kind === 'done') settle(null);
        if (message.kind !== 'ready' || --missing > 0) return;
        clearTimeout(timer);
        settle(null);
      },
      onEnd: (reason: string): void => {
        clearTimeout(timer);
        fail(`a worker stopped: ${reason}`);
      },
    };
    try {
      for (let thread = 0; thread < threads; thread++) {
        const worker = spawn(listener);
        workers.push(worker);
        worker.hold(true);
        worker.post({ kind: 'start', memory, kernels, driver, thread, threads, sync });
        for (const program of programs.values()) worker.post({ kind: 'load', ...program });
      }
    } catch (thrown) {
      clearTimeout(timer);
      fail(String(thrown));
    }
  });
  const run: Crew['run'] = async (program, address, count) => {
    for (const worker of workers) worker.hold(true);
    const outcome = await settled(() => {
      for (const worker of workers) worker.post({ kind: 'run', program, address, count });
    });
    for (const worker of workers) worker.hold(false);
    return outcome;
  };
  return { workers, started, run, dismiss };
};

/** Makes a pool of `threads` workers on a shared memory. `sync` is the address of the state that they share. */
export const createPool = (memory: WasmMemory, modules: Modules, threads: number, sync: number): Pool => {
  const programs = new Map<number, LoadedProgram>();
  let next = 0;
  let crew: Crew | null = null;
  let queue: Promise<Outcome> = Promise.resolve(null);
  let isStopped = false;

  const runNow = async (program: number, address: number, count: number): Promise<Outcome> => {
    if (isStopped) return CLOSED;
    const current = (crew ??= createCrew(memory, modules, threads, sync, programs));
    const outcome = (await current.started) ?? (await current.run(program, address, count));
    if (outcome !== null) {
      if (crew === current) crew = null;
      await current.dismiss(outcome);
    }
    return outcome;
  };

  return {
    load: (program) => {
      const loaded = { ...program, program: next++ };
      programs.set(loaded.program, loaded);
      for (const worker of crew?.workers ?? []) worker.post({ kind: 'load', ...loaded });
      return loaded.program;
    },
    drop: (program) => {
      programs.delete(program);
      for (const worker of crew?.workers ?? []) worker.post({ kind: 'drop', program });
    },
    run: (program, address, count) => (queue = queue.then(() => runNow(program, address, count))),
    stop: async () => {
      isStopped = true;
      await crew?.dismiss(CLOSED);
    },
  };
};
