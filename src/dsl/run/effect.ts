/**
 * Descriptions of work that has not started. `await` does not start them, so their types make `await` a compile error:
 * they have a `then` method that `await` cannot call. At run time the method rejects.
 */
import { E, type readerTaskEither, type taskEither } from '../../internal/fp.js';
import { asWork } from '../../internal/decode.js';
import { isTagged } from '../../internal/either.js';
import type { Work } from '../../internal/itself.js';
import type { Backend } from '../plan/backend.js';
import { caught, type NoisefoldError } from '../../internal/errors.js';

/**
 * A type that cannot be awaited: the compiler error ends with `Message`. The two function parameters make it a thenable for
 * linters: `no-floating-promises` with `checkThenables` reports a statement that does not start its work.
 */
interface NotStarted<Message extends string> extends Work {
  then(this: Message, onfulfilled: (message: Message) => void, onrejected?: () => void): never;
}

/** Work that starts with a call: `await task()` gives an `Either`. An fp-ts `TaskEither`. */
export interface Task<A>
  extends
    taskEither.TaskEither<NoisefoldError, A>,
    NotStarted<'A task starts when it is run: await nf.run(task), or await task() for an Either'> {}

/**
 * Work on a backend: `await nf.run(effect)` gives its result, `await effect(backend)()` an `Either`. An fp-ts
 * `ReaderTaskEither`.
 */
export interface Effect<A> extends NotStarted<'An effect starts when it is run: await nf.run(effect)'> {
  (backend: Backend): Task<A>;
}

/** Marks work as a {@link Task}. The cast has the type of the member `then`. */
export const task = <A>(work: taskEither.TaskEither<NoisefoldError, A>): Task<A> => asWork(work) as Task<A>;

/** Marks work as an {@link Effect}. The cast has the type of the member `then`. */
/* @__NO_SIDE_EFFECTS__ */
export const effect = <A>(work: readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, A>): Effect<A> =>
  asWork(work) as Effect<A>;

/** The results that a listener may return: nothing, a promise, or work that the loop runs before it continues. */
export type Heard =
  | readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, unknown>
  | taskEither.TaskEither<NoisefoldError, unknown>
  | Promise<unknown>
  | void;

/**
 * Starts an effect or a task by a call with the backend; a task ignores the argument. Returns any other value
 * unchanged.
 */
const start = (work: unknown, backend: Backend): unknown => (typeof work === 'function' ? work(backend) : work);

/**
 * Calls a listener, waits for its work, and returns the result. An error value that it returns, throws or rejects with
 * is a `Left`; other exceptions are rethrown.
 */
export const hear =
  (listener: () => unknown): readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, unknown> =>
  (backend) =>
  async () => {
    try {
      // an effect returns a task, and a task returns a promise: start both
      const result: unknown = await start(start(listener(), backend), backend);
      return isTagged(result, 'Left') || isTagged(result, 'Right')
        ? (result as E.Either<NoisefoldError, unknown>)
        : E.right(result);
    } catch (thrown) {
      return caught(thrown);
    }
  };
