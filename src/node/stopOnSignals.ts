/** Ends a run cleanly when its process receives a signal. */
import { errorIn } from '../internal/errors.js';
import type { StopSignal } from '../internal/stop.js';
import { listen } from './listen.js';
import { codeOf } from './node.js';

/** The exit code of a process that a signal ended: 128 plus the number of the signal. */
const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type SignalName = keyof typeof CODES;
const NAMES = Object.keys(CODES) as SignalName[]; // the keys of the literal are its only members

/** The error codes of a stream that lost its reader or its terminal. */
const LOST = ['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED'];

const ignoreLost = (thrown: unknown): void => {
  if (!LOST.includes(codeOf(thrown))) throw thrown;
};

/**
 * Ends the process with a code at an uncaught `Cancelled`, after its message alone: the program was stopped, and has no fault
 * to find. Other errors are thrown again. Does nothing if the program handles uncaught errors itself.
 */
const endWithMessage = (host: typeof process, code: number): void => {
  if (host.listenerCount('uncaughtException') > 0) return;
  host.once('uncaughtException', (thrown) => {
    const error = errorIn(thrown);
    if (error?._tag !== 'Cancelled')
      return host.nextTick(() => {
        throw thrown;
      });
    console.error(`${error._tag}: ${error.message}`);
    host.exit(code);
  });
};

export interface SignalStop {
  /** The abort signal, for `fit`, `sample` and all other work that takes one. */
  readonly signal: StopSignal;
  /** The exit code for the received signal: 130, 143 or 129; null if none was received. */
  readonly exitCode: number | null;
  /** Restores the default effect of the signals. */
  readonly release: () => void;
}

/**
 * Listens for SIGINT (Ctrl-C), SIGTERM and SIGHUP (a terminal that closes): the first one aborts `signal`, so that work
 * ends cleanly and saves; a second one ends the process at once. During this time, output into a closed pipe
 * (`… | head`) is dropped, and does not end the process. If the program does not catch the error `Cancelled` of its work, the
 * process prints its message and exits with the code of the signal. Does nothing outside Node.
 *
 * @param onStop - receives the name of the first signal
 * @example
 * const stop = stopOnSignals()
 * stop.signal.aborted // → false
 * stop.exitCode // → null
 * stop.release()
 */
export const stopOnSignals = (onStop: (name: string) => void = () => {}): SignalStop => {
  const host = typeof process === 'undefined' || typeof process.once !== 'function' ? null : process;
  let came: SignalName | null = null;
  const deafen = (): void => {
    for (const ignore of heard) ignore();
  };
  const stop = (name: SignalName): void => {
    deafen(); // the second signal has its default effect
    came = name;
    if (host !== null) endWithMessage(host, CODES[name]);
    onStop(name);
  };
  const heard = host === null ? [] : NAMES.map((name) => listen(host, name, () => stop(name)));
  const ignored = host === null ? [] : [host.stdout, host.stderr].map((stream) => listen(stream, 'error', ignoreLost));
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
        for (const throwAgain of ignored) throwAgain();
      });
    },
  };
};

/** Makes this process exit with a code, also after an uncaught error, unless the program sets another code. */
export const exitWith = (code: number): void => {
  process.exitCode ??= code;
  process.once('exit', (usual) => {
    if (usual === 1) process.exitCode = code; // the code of an uncaught error
  });
};
