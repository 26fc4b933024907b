/** Ends a run in order when its process is told to end. */
import type { StopSignal } from '../internal/stop.js';
import { codeOf } from './node.js';

/** The exit code of a process that a signal ended: 128 and the number of the signal. */
const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type SignalName = keyof typeof CODES;
const NAMES = Object.keys(CODES) as SignalName[]; // a literal has no others

/** A stream that lost its reader, or its terminal. */
const LOST = ['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED'];

const ignoreLost = (thrown: unknown): void => {
  if (!LOST.includes(codeOf(thrown))) throw thrown;
};

export interface SignalStop {
  /** For `fit`, `sample` and every other work that takes one. */
  readonly signal: StopSignal;
  /** The exit code that tells which signal came: 130, 143 or 129; null as long as none came. */
  readonly exitCode: number | null;
  /** Gives signals back their usual effect. */
  readonly release: () => void;
}

/**
 * Listens for SIGINT (Ctrl-C), SIGTERM and SIGHUP (a terminal that closes): the first one aborts `signal`, so that work ends
 * in order and saves; a second one ends the process at once. Meanwhile output into a pipe that was closed (`… | head`) is
 * dropped, and does not end the process. Without a Node process, nothing is listened for.
 *
 * @param onStop - told the name of the first signal
 * @example
 * const stop = stopOnSignals()
 * stop.signal.aborted // → false
 * stop.exitCode // → null
 * stop.release()
 */
export const stopOnSignals = (onStop: (name: string) => void = () => {}): SignalStop => {
  const host = typeof process === 'undefined' || typeof process.once !== 'function' ? null : process;
  let came: SignalName | null = null;
  const listeners = NAMES.map((name) => [name, () => stop(name)] as const);
  const deafen = (): void => {
    for (const [name, listener] of listeners) host?.off(name, listener);
  };
  const stop = (name: SignalName): void => {
    deafen(); // the second has its usual effect
    came = name;
    onStop(name);
  };
  for (const [name, listener] of listeners) host?.on(name, listener);
  const streams = host === null ? [] : [host.stdout, host.stderr];
  for (const stream of streams) stream.on('error', ignoreLost);
  return {
    signal: {
      get aborted() {
        return came !== null;
      },
    },
    get exitCode() {
      return came === null ? null : CODES[came];
    },
    release: () => {
      deafen();
      // the last write may fail after it returned
      setTimeout(() => {
        for (const stream of streams) stream.off('error', ignoreLost);
      });
    },
  };
};

/** Makes this process end with a code, also after an error that nobody catches, unless the program sets another. */
export const exitWith = (code: number): void => {
  process.exitCode ??= code;
  process.once('exit', (usual) => {
    if (usual === 1) process.exitCode = code; // of an uncaught error
  });
};
