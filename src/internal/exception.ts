/** Exceptions of functions that users pass, and of other code, as error values. */
import { caughtAs, errorIn, failure, type NoisefoldError } from './errors.js';
import { E, type either, type taskEither } from './fp.js';

/**
 * A task of work that may throw; `failed` makes an error of the exception. fp-ts has `TE.tryCatch`, whose code for engines
 * without `async` takes 0.7 kB in a bundle.
 */
export const rescue =
  <A>(
    work: () => Promise<either.Either<NoisefoldError, A>>,
    failed: (thrown: unknown) => NoisefoldError,
  ): taskEither.TaskEither<NoisefoldError, A> =>
  async () => {
    try {
      return await work();
    } catch (thrown) {
      return E.left(failed(thrown));
    }
  };

/** Describes an exception with its place in the source, which its message lacks. */
export const described = (thrown: unknown): string => {
  const place = thrown instanceof Error ? thrown.stack?.split('\n').find((line) => /^\s*at /.test(line)) : undefined;
  return place === undefined ? `${thrown}` : `${thrown} (${place.trim()})`;
};

/**
 * The `Left` of any exception: the error value that was raised, or a `ConfigError` with the exception and its place.
 *
 * @param functions - the functions of the user that may have thrown, for the hint
 */
export const caughtAny = (where: string, functions: string, thrown: unknown): either.Either<NoisefoldError, never> =>
  caughtAs(
    errorIn(thrown) ??
      failure('ConfigError', {
        where,
        expected: 'functions that do not throw and return what their types say',
        actual: described(thrown),
        hint: `check the functions that you passed: ${functions}`,
      }),
    thrown,
  );
