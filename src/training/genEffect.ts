/** Generator blocks as effects whose promises never reject, whatever the functions do that users pass in. */
import { type Backend, failure } from '../dsl/index.js';
import { effect, type Effect, task, type Task } from '../dsl/run/effect.js';
import { errorIn } from '../internal/errors.js';
import { E } from '../internal/fp.js';
import { type Block, gen } from '../internal/gen.js';

/** Describes an exception with its place in the source, which the error message lacks. */
export const described = (thrown: unknown): string => {
  const place = thrown instanceof Error ? thrown.stack?.split('\n').find((line) => /^\s*at /.test(line)) : undefined;
  return place === undefined ? `${thrown}` : `${thrown} (${place.trim()})`;
};

/**
 * A block as a task. An exception becomes a `Left`: the error value that was raised, or a `ConfigError` with the
 * exception and its place.
 */
export const genTask = <A>(where: string, block: () => Block<A>): Task<A> =>
  task(async () => {
    try {
      return await gen(block)();
    } catch (thrown) {
      return E.left(
        errorIn(thrown) ??
          failure('ConfigError', {
            where,
            expected: 'functions that do not throw and return what their types say',
            actual: described(thrown),
            hint: 'check the functions that you passed: the model, the parts, the data',
          }),
      );
    }
  });

/** A block that needs a backend, as an effect. Exceptions are treated as in {@link genTask}. */
export const genEffect = <A>(where: string, block: (backend: Backend) => Block<A>): Effect<A> =>
  effect<A>((backend): ReturnType<typeof genTask<A>> => genTask(where, () => block(backend)));
