/** Configurations held against what they should be: from JavaScript, a checkpoint or a spread they may be anything. */
import type { NoisefoldError } from '../dsl/index.js';
import { optionsOf } from '../dsl/options.js';
import { exactTuple, finite, refined } from '../internal/decode.js';
import { isEither } from '../internal/either.js';
import { E, F, t, type either } from '../internal/fp.js';

const isObject = (x: unknown): x is object => typeof x === 'object' && x !== null;

const partType = (
  name: string,
  is: (x: unknown) => boolean,
  otherwise: (x: unknown) => string,
): t.Type<unknown> =>
  new t.Type<unknown>(
    name,
    (x): x is unknown => is(x),
    (x, context) => {
      if (is(x)) return t.success(x);
      return isEither(x)
        ? t.failure(x, context, `${name}, taken out of its Either by unwrap or E.flatMap`)
        : t.failure(x, context, otherwise(x));
    },
    F.identity,
  );

/** An object with some fields at least, which are only looked into where they are used. */
export const part = (name: string, ...fields: readonly string[]): t.Type<unknown> =>
  partType(
    name,
    (x) => isObject(x) && !isEither(x) && fields.every((field) => field in x),
    (x) => {
      if (typeof x === 'function') return `${name}: call the function that makes it`;
      const lacking = isObject(x) ? fields.filter((field) => !(field in x)) : [];
      return lacking.length === 0 ? name : `${name}, with its ${lacking.join(', ')}`;
    },
  );

/** A function. */
export const functionPart = (name: string): t.Type<unknown> =>
  partType(
    name,
    (x) => typeof x === 'function',
    () => name,
  );

/** How many timesteps, or which. */
export const grid = t.union(
  [t.number, functionPart('a grid')],
  'a number of steps, or a grid such as trailing(50)',
);

export const dataSet = part('a data set', 'size', 'image', 'batch');

export const conditioner = functionPart('what makes conditions, such as superResolution({ factor: 2 })');

/** What tells that something should end. */
export const signal = part('a signal, such as that of an AbortController', 'aborted');

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
