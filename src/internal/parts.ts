/** Codecs of the parts that users pass, whose types JavaScript does not check. */
import { functionOf, hinted, isWork, numberOf, refined, refuseValue, show } from './decode.js';
import { isEither, isResultOf } from './either.js';
import { fail, type NoisefoldError, raise } from './errors.js';
import { type either, F, t } from './fp.js';
import type { StopSignal } from './stop.js';

export const isObject = (x: unknown): x is object => typeof x === 'object' && x !== null;

/** An object with at least these fields. Their values are checked where they are used. */
/* @__NO_SIDE_EFFECTS__ */
export const part = <A = unknown>(name: string, ...fields: readonly string[]): t.Type<A> => {
  const is = (x: unknown): x is A => isObject(x) && !isResultOf(x) && fields.every((field) => field in x);
  return new t.Type<A>(
    name,
    is,
    (x, context) => {
      if (is(x)) return t.success(x);
      const lacking = isObject(x) && !isResultOf(x) ? fields.filter((field) => !(field in x)) : [];
      const called = typeof x === 'function' && !isWork(x) ? ': call the function that makes it' : '';
      return refuseValue(x, context, {
        expected: lacking.length === 0 ? name + called : `${name}, with its ${lacking.join(', ')}`,
      });
    },
    F.identity,
  );
};

/** An object with at least these fields, whose values are checked too. */
/* @__NO_SIDE_EFFECTS__ */
export const partOf = (kind: t.Mixed, fields: t.Props): t.Type<unknown> => {
  const each = t.type(fields);
  return new t.Type<unknown>(
    kind.name,
    (x): x is unknown => kind.is(x) && each.is(x),
    (x, context) => (kind.is(x) ? each : kind).validate(x, context),
    F.identity,
  );
};

/** A signal to stop. */
export const signal = hinted(
  part<StopSignal>('a signal, such as that of an AbortController', 'aborted'),
  'give controller.signal',
);

/** A function that a caller writes, such as a function of tensors. Refuses work that has not run. */
/* @__NO_SIDE_EFFECTS__ */
export const callback = (name: string, hint = 'write (x) => …'): t.Type<unknown> =>
  hinted(
    refined(functionOf<unknown>(name), name, (f) => !isWork(f)),
    hint,
  );

const arrayLike = part<ArrayLike<number>>('an array of numbers', 'length');
const plainArray = t.readonlyArray(numberOf('a number'), arrayLike.name);

/**
 * Numbers on the host, in an array of any kind. The items of a plain array are checked, because a text may look like a
 * number.
 */
export const numbers: t.Type<ArrayLike<number>> = hinted(
  new t.Type<ArrayLike<number>>(
    arrayLike.name,
    (x): x is ArrayLike<number> => (Array.isArray(x) ? plainArray : arrayLike).is(x),
    (x, context) => (Array.isArray(x) ? plainArray : arrayLike).validate(x, context),
    F.identity,
  ),
  'give [1, 2] or a typed array',
);

/**
 * A list on the host. Without a type for the items only the list itself is tested, so that loops may pass long lists.
 */
/* @__NO_SIDE_EFFECTS__ */
export const list = (name: string, item?: t.Mixed): t.Mixed => {
  const type: t.Mixed = item === undefined ? refined(t.unknown, name, Array.isArray) : t.readonlyArray(item, name);
  return hinted(type, `give ${name}, in an array`);
};

/** The Either that a function of a caller returned; a `ConfigError` for any other result. */
export const eitherFrom = <A>(
  where: string,
  expected: string,
  example: string,
  result: either.Either<NoisefoldError, A>,
): either.Either<NoisefoldError, A> =>
  isEither(result)
    ? result
    : fail('ConfigError', {
        where,
        expected,
        actual: `one that returns ${show(result)}`,
        hint: `call the function that makes it, such as ${example}; your own must return the same`,
      });

/** A part with an example, which is the hint. */
/* @__NO_SIDE_EFFECTS__ */
export const partLike = <A = unknown>(name: string, example: string, ...fields: readonly string[]): t.Type<A> =>
  hinted(part<A>(name, ...fields), `give ${example}`);

/** Returns a function of tensors. Raises `ConfigError` for anything else. */
export const requireFunction = <F>(where: string, f: F): F =>
  typeof f === 'function' && !isWork(f)
    ? f
    : raise('ConfigError', {
        where,
        expected: 'a function of tensors',
        actual: show(f),
        hint: `write ${where}((x) => …)`,
      });
