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

/** Checks arguments in their order. It decodes only a wrong one, so a check of right ones is cheap. */
const check = (where: string, types: Types, given: readonly unknown[]): either.Either<NoisefoldError, unknown> => {
  const at = Object.values(types).findIndex((type, i) => !type.is(given[i]));
  const [name, type] = Object.entries(types)[at] ?? [];
  return type === undefined ? E.right(given) : argument(`${where}: ${name}`, type).decode(given[at]);
};

/** The function `checked`, which is `f` for arguments of its types. Settings of a training contain names of functions. */
const named = <F extends AnyFunction>(name: string, _: F, checked: AnyFunction): F =>
  Object.defineProperty(checked, 'name', { value: name }) as F;

/** A function that raises `ConfigError` for an argument of a wrong kind. */
/* @__NO_SIDE_EFFECTS__ */
export const demanding = <F extends AnyFunction>(where: string, types: Types, f: F): F =>
  named(where, f, (...given) => {
    orRaise(check(where, types, given));
    return f(...given);
  });

/** A function that returns a `ConfigError` for an argument of a wrong kind. */
/* @__NO_SIDE_EFFECTS__ */
export const decoding = <F extends (...given: never[]) => either.Either<NoisefoldError, unknown>>(
  where: string,
  types: Types,
  f: F,
): F => named(where, f, (...given) => E.flatMap(() => f(...given))(check(where, types, given)));
