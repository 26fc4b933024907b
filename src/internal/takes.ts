/**
 * Functions that check the kinds of their arguments: callers in JavaScript may give an Either, an effect or nothing in place
 * of a value. Types are named after the arguments, in their order; arguments after the last type are not checked.
 */
import type { NoisefoldError } from './errors.js';
import { orRaise } from './errors.js';
import { E, type either, type t } from './fp.js';
import { argument } from './schema.js';

/** The types of the first arguments, by their names. */
type Types = Readonly<Record<string, t.Mixed>>;

type AnyFunction = (...given: never[]) => unknown;

/** A check of arguments in their order. It decodes only a wrong one, so a check of right ones is cheap. */
const checkOf = (where: string, types: Types) => {
  const listed = Object.entries(types);
  return (given: readonly unknown[]): either.Either<NoisefoldError, unknown> => {
    const at = listed.findIndex(([, type], i) => !type.is(given[i]));
    const [name, type] = listed[at] ?? [];
    return type === undefined ? E.right(given) : argument(`${where}: ${name}`, type).decode(given[at]);
  };
};

/** A function that raises `ConfigError` for an argument of a wrong kind. */
/* @__NO_SIDE_EFFECTS__ */
export const demanding = <F extends AnyFunction>(where: string, types: Types, f: F): F => {
  const check = checkOf(where, types);
  const checked = (...given: never[]): unknown => {
    orRaise(check(given));
    return f(...given);
  };
  return checked as F; // the same function for arguments of its types
};

/** A function that returns a `ConfigError` for an argument of a wrong kind. */
/* @__NO_SIDE_EFFECTS__ */
export const decoding = <F extends (...given: never[]) => either.Either<NoisefoldError, unknown>>(
  where: string,
  types: Types,
  f: F,
): F => {
  const check = checkOf(where, types);
  const checked = (...given: never[]) => E.flatMap(() => f(...given))(check(given));
  return checked as F; // the same function for arguments of its types
};
