/** Generator blocks as effects whose promises never reject, whatever the functions do that users pass in. */
import type { Backend } from '../index.js';
import { effect, type Effect, task, type Task } from './effect.js';
import { caughtAny } from '../../internal/exception.js';
import { type Block, gen } from '../../internal/gen.js';

/**
 * A block as a task. An exception becomes a `Left`: the error value that was raised, or a `ConfigError` with the
 * exception and its place.
 */
export const genTask = <A>(where: string, block: () => Block<A>): Task<A> =>
  task(async () => {
    try {
      return await gen(block)();
    } catch (thrown) {
      return caughtAny(where, 'the model, the parts, the data', thrown);
    }
  });

/** A block that needs a backend, as an effect. Exceptions are treated as in {@link genTask}. */
export const genEffect = <A>(where: string, block: (backend: Backend) => Block<A>): Effect<A> =>
  effect<A>((backend: Backend) => genTask(where, () => block(backend)));
