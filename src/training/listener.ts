/** Listeners: functions of the user that training, sampling and measurements call, and whose work they wait for. */
import type { Backend, NoisefoldError } from '../dsl/index.js';
import { fail } from '../internal/errors.js';
import { hear } from '../dsl/run/effect.js';
import { described } from '../internal/exception.js';
import type { taskEither } from '../internal/fp.js';
import type { Fallible } from '../internal/gen.js';

/** The result of a listener, a promise of it, or an fp-ts task of it. */
export type Heard<A> = A | Promise<A> | taskEither.TaskEither<NoisefoldError, A>;

/**
 * Calls a listener and waits for its result. Fails with a typed error that the listener returns, throws or rejects with,
 * and with a `ConfigError` that names the listener for any other exception.
 *
 * @param where - the name of the listener in errors: `fit.onEvent`
 */
export const heard =
  (where: string, listener: () => unknown) =>
  (backend: Backend): Fallible<unknown> =>
  async () => {
    try {
      return await hear(listener)(backend)();
    } catch (thrown) {
      return fail('ConfigError', {
        where,
        expected: 'a function that does not throw',
        actual: described(thrown),
        hint: 'catch the exception in the function, or correct the function',
      });
    }
  };
