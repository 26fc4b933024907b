/**
 * The workers of a backend. They start with the first run, and run all stages of a tape together. The calling thread
 * only waits for a message, so its timers and events continue.
 */
import type { WasmMemory } from '../assembler/assembler.js';
import type { Modules } from './modules.js';
import { type Crew, createCrew, type Failure, type Outcome } from './crew.js';
import type { LoadedProgram } from './protocol.js';
import type { Spawn } from './spawn.js';

export interface Pool {
  /** Makes a program known to the workers, and returns its number. */
  readonly load: (program: Omit<LoadedProgram, 'program'>) => number;
  /** Removes a program. No run of it may be waiting. */
  readonly drop: (program: number) => void;
  /**
   * Runs stages of a program, after the runs that were requested before. If a run fails, the workers end, and new ones
   * start for the next run.
   */
  readonly run: (program: number, address: number, count: number) => Promise<Outcome>;
  /** Ends the workers and the run in progress. After it resolves, nothing writes to the memory any more. */
  readonly stop: () => Promise<void>;
}

const CLOSED: Failure = { kind: 'failed', reason: 'the backend was closed' };

/** The maximum number of consecutive failed attempts to start workers. */
const MOST_STARTS = 3;

/** Makes a pool of `threads` workers on a shared memory. `sync` is the address of the state that they share. */
export const createPool = (memory: WasmMemory, modules: Modules, threads: number, sync: number, spawn: Spawn): Pool => {
  const programs = new Map<number, LoadedProgram>();
  let next = 0;
  let crew: Crew | null = null;
  let queue: Promise<unknown> = Promise.resolve();
  let isStopped = false;
  /** The reasons of the last consecutive failures to start workers. */
  let failedStarts: readonly Failure[] = [];

  const retire = async (old: Crew, failure: Failure): Promise<void> => {
    if (crew === old) crew = null;
    await old.dismiss(failure);
  };

  const runNow = async (program: number, address: number, count: number): Promise<Outcome> => {
    // the workers may have ended while they were idle
    const failure = crew?.failure() ?? null;
    if (crew !== null && failure !== null) await retire(crew, failure);
    if (isStopped) return CLOSED;
    if (failedStarts.length >= MOST_STARTS) return failedStarts.at(-1)!;
    const current = (crew ??= createCrew(memory, modules, threads, sync, [...programs.values()], spawn));
    const start = await current.ready;
    failedStarts = start?.kind === 'notStarted' ? [...failedStarts, start] : [];
    const outcome = start ?? (await current.run(program, address, count));
    if (outcome === null) return null;
    await retire(current, outcome);
    return isStopped ? CLOSED : outcome;
  };

  return {
    load: (program) => {
      const loaded = { ...program, program: next++ };
      programs.set(loaded.program, loaded);
      crew?.tell({ kind: 'load', ...loaded });
      return loaded.program;
    },
    drop: (program) => {
      programs.delete(program);
      crew?.tell({ kind: 'drop', program });
    },
    run: (program, address, count) => {
      const outcome = queue
        .then(() => runNow(program, address, count))
        .catch((thrown: unknown): Failure => ({ kind: 'failed', reason: String(thrown) }));
      queue = outcome;
      return outcome;
    },
    stop: async () => {
      isStopped = true;
      await crew?.dismiss(CLOSED);
      await queue; // failed workers may still be ending
    },
  };
};
