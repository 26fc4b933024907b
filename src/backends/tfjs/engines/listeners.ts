/**
 * Listeners of the process. Emscripten's module adds one for each kind of uncaught error. The listener rethrows the
 * error from a minified line of 37 KB, which Node then prints before the error of the user.
 */

const EVENTS = ['uncaughtException', 'unhandledRejection'] as const;

type Listener = (...args: readonly never[]) => unknown;

/** The members of Node's `process` that we use. */
interface Emitter {
  readonly listeners: (event: string) => readonly Listener[];
  readonly removeListener: (event: string, listener: Listener) => unknown;
}

/** Declares this method again, because each overload in the types of Node takes one event. */
declare const process: Partial<Emitter> | undefined;

/**
 * Recognizes Emscripten's listeners, minified or not, which only rethrow, among listeners that other code adds at the
 * same time.
 */
const RETHROWS = /^function\s*\w*\(\w+\)\s*\{\s*(if\s*\(!\(\w+ instanceof \w+\)\)\s*\{?\s*)?throw \w+;?\s*\}?\s*\}$/;

/** Runs `start`, and removes the listeners that its module added to the process. Browsers have no process. */
export const withoutListeners = async <A>(start: () => Promise<A>): Promise<A> => {
  const emitter = typeof process === 'undefined' ? undefined : process;
  const { listeners, removeListener } = emitter ?? {};
  if (listeners === undefined || removeListener === undefined) return start();
  const before = EVENTS.map((event) => new Set(listeners.call(emitter, event)));
  try {
    return await start();
  } finally {
    EVENTS.forEach((event, i) => {
      for (const listener of listeners.call(emitter, event))
        if (!before[i]!.has(listener) && RETHROWS.test(String(listener))) removeListener.call(emitter, event, listener);
    });
  }
};
