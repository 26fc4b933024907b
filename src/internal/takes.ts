/**
 * Functions that check the kinds of their arguments: callers in JavaScript may give an Either, an effect or nothing in place
 * of a value. Types are named after the arguments, in their order; arguments after the last type are not checked.
 */
import { withName } from './dual.js';
import { type NoisefoldError, thrownError } from './errors.js';
import { E, type either, type t } from './fp.js';
import { argument } from './schema.js';

/** The types of the first arguments, by their names. */
type Types = Readonly<Record<string, t.Mixed>>;

type AnyFunction = (...args: never[]) => unknown;

/** Returns a check of arguments: the error of the first wrong one, or null. Right ones are only tested: loops call this. */
const checkOf = (where: string, types: Types) => {
  const entries = Object.entries(types);
  return (args: readonly unknown[]): NoisefoldError | null => {
    for (let i = 0; i < entries.length; i++) {
      const [name, type] = entries[i]!;
      if (type.is(args[i])) continue;
      const result = argument(`${where}: ${name}`, type).decode(args[i]);
      if (E.isLeft(result)) return result.left;
    }
    return null;
  };
};

/** Names a function that calls one of type `F`. */
const named = <F extends AnyFunction>(name: string, f: AnyFunction): F => withName(name, f) as F; // it has the same arguments

/** A function that raises `ConfigError` for an argument of a wrong kind. */
/* @__NO_SIDE_EFFECTS__ */
export const demanding = <F extends AnyFunction>(where: string, types: Types, f: F): F => {
  const check = checkOf(where, types);
  return named<F>(where, (...args) => {
    const error = check(args);
    if (error !== null) throw thrownError(error);
    return f(...args);
  });
};

/** A function that returns a `ConfigError` for an argument of a wrong kind. */
/* @__NO_SIDE_EFFECTS__ */
export const decoding = <F extends (...args: never[]) => either.Either<NoisefoldError, unknown>>(
  where: string,
  types: Types,
  f: F,
): F => {
  const check = checkOf(where, types);
  return named<F>(where, (...args) => {
    const error = check(args);
    return error === null ? f(...args) : E.left(error);
  });
};
