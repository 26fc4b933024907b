/** Exceptions of functions that users pass, as error values. */
import { caughtAs, errorIn, failure, type NoisefoldError } from './errors.js';
import type { either } from './fp.js';

/** Describes an exception, and adds its place in the source, which the message lacks. */
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
