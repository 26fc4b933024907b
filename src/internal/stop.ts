/** Long work that does not block its caller: it is split into pieces, and the event loop runs between them. */
import { caught, fail, type NoisefoldError } from './errors.js';
import { E, type either, type taskEither } from './fp.js';
import type { Fallible } from './gen.js';

/**
 * The part of an `AbortSignal` that the library reads. It is declared here so that the types depend neither on Node's
 * declarations nor on the browser's.
 */
export interface StopSignal {
  readonly aborted: boolean;
  /** Why it was aborted; the error `Cancelled` quotes it. */
  readonly reason?: unknown;
}

/** The words of a reason. Empty for the default reason of `abort()`, whose words differ between platforms. */
const wordsOf = (reason: unknown): string => {
  if (typeof reason === 'string') return reason;
  return reason instanceof Error && reason.name !== 'AbortError' ? reason.message : '';
};

/** The error of work that was stopped, with the reason if there is one. */
export const cancelled = (where: string, hint: string, reason?: unknown): either.Either<NoisefoldError, never> => {
  const words = wordsOf(reason);
  const actual = words === '' ? 'a signal to stop' : `a signal to stop: ${words}`;
  return fail('Cancelled', { where, expected: 'to continue', actual, hint, cause: reason });
};

/** Milliseconds between two checks of a signal while the library waits for work that it does not control. */
const CHECK_INTERVAL = 100;

/**
 * Waits for work that may never end, such as a read from a lost disk. Returns `Cancelled` if the signal is aborted first;
 * the work then goes on, and its result is ignored.
 */
export const unlessStopped = <A>(
  where: string,
  work: Promise<A>,
  signal: StopSignal | undefined,
  hint = 'begin again, or resume from a checkpoint',
): taskEither.TaskEither<NoisefoldError, A> => {
  const check = (stop: (result: either.Either<NoisefoldError, never>) => void) => () => {
    if (signal?.aborted === true) stop(cancelled(where, hint, signal.reason));
  };
  return () =>
    new Promise((resolve, reject) => {
      const timer = signal && setInterval(check(resolve), CHECK_INTERVAL);
      void work.then((result) => resolve(E.right(result)), reject).finally(() => clearInterval(timer));
    });
};

/** A port of a `MessageChannel` in a browser. */
interface Port {
  readonly addEventListener: (kind: 'message', listener: () => void) => void;
  readonly start: () => void;
  readonly postMessage: (message: null) => void;
  readonly close: () => void;
}

/** Declared here, because the types of Node differ from those of browsers. */
declare const MessageChannel: new () => { readonly port1: Port; readonly port2: Port };

/** Milliseconds of work after which the event loop gets a turn. */
const LONGEST_WORK = 10;

/**
 * Lets the event loop run once, so that timers and signals run and the screen is updated. Awaiting a settled promise
 * would not do this, and `setTimeout` would wait for at least a millisecond, in browsers for four.
 */
export const pause = (): Promise<void> =>
  new Promise((resolve) => {
    if (typeof setImmediate === 'function') return void setImmediate(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener('message', () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(null);
  });

/** Returns null, or a promise to wait for if it is time for a turn of the event loop. */
export type Breathe = () => Promise<void> | null;

/**
 * Makes the function that a long computation calls between two pieces:
 * `const rest = breathe(); if (rest !== null) await rest`.
 */
export const breather = (): Breathe => {
  let since = performance.now();
  return () =>
    performance.now() - since < LONGEST_WORK
      ? null
      : pause().then(() => {
          since = performance.now();
        });
};

/** Lets timers and signals run before a step, if it is time to. Fails with `Cancelled` if the signal is aborted. */
export const mayGoOn =
  (where: string, breathe: Breathe, signal: StopSignal | undefined, hint = 'begin again'): Fallible<void> =>
  async () => {
    await breathe();
    return signal?.aborted === true ? cancelled(where, hint, signal.reason) : E.right(undefined);
  };

/** A computation in pieces, which can pause at each `yield`. */
export type Pieces<A> = Generator<void, A>;

/** Computes all pieces without a pause. */
export const atOnce = <A>(work: Pieces<A>): A => {
  for (;;) {
    const piece = work.next();
    if (piece.done === true) return piece.value;
  }
};

/** Computes pieces, and lets the event loop run between them. */
export const inTurns = async <A>(work: Pieces<A>): Promise<A> => {
  const breathe = breather();
  for (;;) {
    const piece = work.next();
    if (piece.done === true) return piece.value;
    const rest = breathe();
    if (rest !== null) await rest;
  }
};

/** Computes pieces that may raise errors, with at least one turn of the event loop. */
export const attemptInTurns =
  <A>(work: Pieces<A>): taskEither.TaskEither<NoisefoldError, A> =>
  async () => {
    await pause();
    try {
      return E.right(await inTurns(work));
    } catch (thrown) {
      return caught(thrown);
    }
  };
