/** Functions of the user that a loop calls. */
import { E, type readerTaskEither, type taskEither } from '../../internal/fp.js';
import { isEither } from '../../internal/either.js';
import type { Backend } from '../compile/backend.js';
import { caught, type NoisefoldError } from '../errors.js';

/** The results that a listener may return: nothing, a promise, or work that the loop runs before it goes on. */
export type Heard =
  | readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, unknown>
  | taskEither.TaskEither<NoisefoldError, unknown>
  | Promise<unknown>
  | void;

type Left = E.Either<NoisefoldError, never>;

/** Calls an effect with the backend, and a task, which ignores it. Returns anything else as it is. */
const begun = (work: unknown, backend: Backend): unknown =>
  typeof work === 'function' ? (work as (backend: Backend) => unknown)(backend) : work;

/**
 * Calls a listener and waits for its work. An error value that it returns, throws or rejects with is a `Left`; other
 * exceptions are rethrown.
 */
export const hear =
  (listener: () => Heard): readerTaskEither.ReaderTaskEither<Backend, NoisefoldError, void> =>
  (backend) =>
  async () => {
    try {
      // an effect gives a task, which gives a promise
      const result: unknown = await begun(begun(listener(), backend), backend);
      return isEither(result) && E.isLeft(result as Left) ? (result as Left) : E.right(undefined);
    } catch (thrown) {
      return caught(thrown);
    }
  };
