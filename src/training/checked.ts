/** Configurations held against what they should be: from JavaScript, a checkpoint or a spread they may be anything. */
import { failure, type NoisefoldError } from '../dsl/index.js';
import { decode, exactTuple, finite, refined } from '../internal/decode.js';
import { E, F, t, type either } from '../internal/fp.js';

/** An object or a function, which is only looked into where it is used. */
export const part = (name: string): t.Type<unknown> =>
  refined<unknown>(t.unknown, name, (x) => (typeof x === 'object' && x !== null) || typeof x === 'function');

/** A number in [0, 1). */
export const rate = refined(finite, 'a number in [0, 1)', (n) => n >= 0 && n < 1);

/** A key on the host. */
export const hostKey = exactTuple([t.number, t.number], 'a key: key(7)');

/** A configuration as it is, if it is what its codec says; otherwise a `ConfigError` that names the field. */
export const checked =
  (where: string, codec: t.Decoder<unknown, unknown>) =>
  <A>(config: A): either.Either<NoisefoldError, A> =>
    F.pipe(
      decode(codec)(config),
      E.bimap(
        ({ path, expected, actual }): NoisefoldError =>
          failure('ConfigError', {
            where: path === '' ? where : `${where}.${path}`,
            expected,
            actual,
            hint: 'see its type for the fields and what they take',
          }),
        () => config,
      ),
    );
