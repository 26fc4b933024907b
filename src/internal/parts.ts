/** Codecs of the parts that users pass, whose types JavaScript does not check. */
import { isEither, kindOf } from './either.js';
import { type NoisefoldError, orRaise, raise } from './errors.js';
import { E, F, t, type either } from './fp.js';
import { optionsOf } from './options.js';

export const isObject = (x: unknown): x is object => typeof x === 'object' && x !== null;

const partType = (name: string, is: (x: unknown) => boolean, otherwise: (x: unknown) => string): t.Type<unknown> =>
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

/** An object with at least these fields. Their values are checked where they are used. */
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

/** A signal to stop. */
export const signal = part('a signal, such as that of an AbortController', 'aborted');

/** A function. */
export const functionPart = (name: string): t.Type<unknown> =>
  partType(
    name,
    (x) => typeof x === 'function',
    () => name,
  );

/** Returns a configuration if its codec accepts it; otherwise a `ConfigError` that names the field. */
export const checked =
  (where: string, codec: t.Decoder<unknown, unknown>) =>
  <A>(config: A): either.Either<NoisefoldError, A> =>
    E.map(() => config)(optionsOf({ where, options: codec })(config));

/** Returns an argument if its codec accepts it. Raises `ConfigError` for anything else. */
export const demanded =
  (where: string, codec: t.Decoder<unknown, unknown>) =>
  <A>(given: A): A =>
    orRaise(checked(where, codec)(given));

/** Returns a function of tensors. Raises `ConfigError` for anything else. */
export const demandedFunction = <F>(where: string, f: F): F =>
  typeof f === 'function'
    ? f
    : raise('ConfigError', {
        where,
        expected: 'a function of tensors',
        actual: kindOf(f),
        hint: `write ${where}((x) => …)`,
      });
