/** The outer edge of what runs: a promise that is never rejected, whatever the functions do that it was given. */
import { failure, type NoisefoldError } from '../dsl/index.js';
import { errorIn } from '../internal/errors.js';
import { E, type taskEither } from '../internal/fp.js';

/** What was thrown, and where: the error alone would lose the place. */
const told = (thrown: unknown): string => {
  const place = thrown instanceof Error ? thrown.stack?.split('\n').find((line) => /^\s*at /.test(line)) : undefined;
  return place === undefined ? `${thrown}` : `${thrown} (${place.trim()})`;
};

/** Effects, made and run so that what they throw is a `Left`: what was raised, or a `ConfigError` that tells what and where. */
export const total =
  <A>(
    where: string,
    effects: () => taskEither.TaskEither<NoisefoldError, A>,
  ): taskEither.TaskEither<NoisefoldError, A> =>
  async () => {
    try {
      return await effects()();
    } catch (thrown) {
      return E.left(
        errorIn(thrown) ??
          failure('ConfigError', {
            where,
            expected: 'functions that throw nothing and give what their types say',
            actual: told(thrown),
            hint: 'look at the functions that it was given: of the model, the parts, the data, the listeners',
          }),
      );
    }
  };
