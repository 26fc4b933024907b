/** Configurations held against what they should be: from JavaScript, a checkpoint or a spread they may be anything. */
import type { NoisefoldError } from '../dsl/index.js';
import { optionsOf } from '../dsl/options.js';
import { exactTuple, finite, refined } from '../internal/decode.js';
import { E, F, t, type either } from '../internal/fp.js';

const isObject = (x: unknown): x is object => typeof x === 'object' && x !== null;

/** What makes a part may fail: it gives an Either, which from JavaScript is easily taken for the part. */
const isEither = (x: unknown): boolean =>
  isObject(x) && '_tag' in x && (x._tag === 'Left' || x._tag === 'Right');

/** An object or a function, which is only looked into where it is used; some fields of it can be asked for. */
export const part = (name: string, ...fields: readonly string[]): t.Type<unknown> => {
  const is = (x: unknown): x is unknown =>
    (isObject(x) || typeof x === 'function') && !isEither(x) && fields.every((field) => field in x);
  return new t.Type<unknown>(
    name,
    is,
    (x, context) => {
      if (is(x)) return t.success(x);
      return isEither(x)
        ? t.failure(x, context, `${name}, taken out of its Either: unwrap it by E.map or E.flatMap`)
        : t.failure(x, context);
    },
    F.identity,
  );
};

/** A number in [0, 1). */
export const rate = refined(finite, 'a number in [0, 1)', (n) => n >= 0 && n < 1);

/** A key on the host. */
export const hostKey = exactTuple([t.number, t.number], 'a key: key(7)');

/** A configuration as it is, if it is what its codec says; otherwise a `ConfigError` that names the field. */
export const checked =
  (where: string, codec: t.Decoder<unknown, unknown>) =>
  <A>(config: A): either.Either<NoisefoldError, A> =>
    F.pipe(
      config,
      optionsOf({ where, options: codec, hint: 'see its type for the fields and what they take' }),
      E.map(() => config),
    );
