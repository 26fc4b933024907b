/** Runs of executions that share memory: one after another, with turns of the event loop in between. */
import type { KeyWords } from '../../dsl/plan/backend.js';
import type { Breathe } from '../../internal/stop.js';
import type { Execution, RunFailure } from './executor.js';
import type { Jobs } from './jobs.js';
import type { Memory } from './memory.js';

type Outcome = RunFailure | null;

/** Runs step `at`. */
export type Step = (at: number) => Outcome | Promise<Outcome>;

/** The runs of a backend, and the function that decides when they pause for the event loop. */
export interface Turns {
  readonly jobs: Jobs;
  readonly breathe: Breathe;
  readonly memory: Memory;
}

/** Appends the milliseconds of each step to `milliseconds` unless it is null. */
export const timed = (step: Step, milliseconds: number[] | null): Step =>
  milliseconds === null
    ? step
    : (at) => {
        const from = performance.now();
        const done = (outcome: Outcome): Outcome => {
          milliseconds.push(performance.now() - from);
          return outcome;
        };
        const outcome = step(at);
        return outcome instanceof Promise ? outcome.then(done) : done(outcome);
      };

/**
 * Runs steps 0 … `count` − 1 until one fails. Pauses between two steps when the event loop needs a turn, and then
 * continues in a promise. If the backend was closed during the pause, the run ends with the error of a closed backend.
 */
export const inOrder = (count: number, step: Step, { breathe, memory }: Turns): Outcome | Promise<Outcome> => {
  const later = async (first: number, outcome: Promise<Outcome | void>): Promise<Outcome> => {
    const failure = (await outcome) ?? null;
    if (failure !== null) return failure;
    for (let at = first; at < count; at++) {
      // if the backend was closed during the pause, its memory was freed
      const closed = memory.closed();
      if (closed !== null) return { at: at - 1, error: closed };
      const outcome = await step(at);
      if (outcome !== null) return outcome;
      if (at + 1 < count) await breathe();
    }
    return null;
  };
  for (let at = 0; at < count; at++) {
    const rest = breathe();
    if (rest !== null) return later(at, rest);
    const outcome = step(at);
    if (outcome instanceof Promise) return later(at + 1, outcome);
    if (outcome !== null) return outcome;
  }
  return null;
};

/** Makes each run of an execution wait for the earlier runs of its backend. Keeps the addresses and keys of each run. */
export const queued = (
  { place, setKey, run }: Omit<Execution, 'release'>,
  { jobs, memory }: Turns,
): Omit<Execution, 'release'> => {
  let places = new Map<number, number>();
  let keys = new Map<number, KeyWords>();
  return {
    place: (buffer, address) => void places.set(buffer, address),
    setKey: (input, key) => void keys.set(input, key),
    run: (milliseconds) => {
      const own = { places, keys };
      [places, keys] = [new Map(), new Map()];
      return jobs.run(() => {
        const closed = memory.closed();
        if (closed !== null) return { at: -1, error: closed };
        for (const [buffer, address] of own.places) place(buffer, address);
        for (const [input, key] of own.keys) setKey(input, key);
        return run(milliseconds);
      });
    },
  };
};
