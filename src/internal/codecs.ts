/**
 * io-ts with combinators of our own, since those of io-ts take 2 kB in a bundle: they also encode, and look for tags in unions.
 * A type returns the value that it decodes, but for what the types inside replace.
 */
import { either as E } from 'fp-ts';
import {
  appendContext,
  type Context,
  type Decoder,
  type Errors,
  failure,
  failures,
  identity,
  type Mixed,
  type Props,
  success,
  Type,
  type TypeOf,
  UnionType,
  UnknownRecord,
  type Validation,
} from 'io-ts';

export {
  appendContext,
  boolean,
  failure,
  literal,
  never,
  null,
  number,
  record,
  string,
  success,
  Type,
  undefined,
  UnionType,
  unknown,
  UnknownArray,
  UnknownRecord,
} from 'io-ts';
export type {
  Context,
  ContextEntry,
  Decoder,
  Errors,
  Is,
  Mixed,
  Props,
  TypeOf,
  Validate,
  Validation,
  ValidationError,
} from 'io-ts';

/** The types of members of an object or an array, by their keys. */
type Members = readonly (readonly [key: string, type: Decoder<unknown, unknown>])[];

/** Decodes members of an object or an array, and reports the errors of all of them. */
export const decodeMembers = <A extends object>(whole: object, types: Members, context: Context): Validation<A> => {
  const members = whole as Readonly<Record<string, unknown>>; // an array has indices
  const errors: Errors[] = [];
  const replaced: (readonly [string, unknown])[] = [];
  for (const [key, type] of types) {
    const member = members[key];
    const result = type.validate(member, appendContext(context, key, type, member));
    if (E.isLeft(result)) errors.push(result.left);
    else if (result.right !== member) replaced.push([key, result.right]);
  }
  if (errors.length > 0) return failures(errors.flat());
  const copy = () => Object.assign(Array.isArray(whole) ? [...whole] : { ...whole }, Object.fromEntries(replaced));
  return success((replaced.length === 0 ? whole : copy()) as A); // `types` are those of the members of A
};

/** The values of some types, by name. */
type Values<P extends Props> = { [K in keyof P]: TypeOf<P[K]> };

const named = (props: Props): string =>
  `{ ${Object.entries(props)
    .map(([field, { name }]) => `${field}: ${name}`)
    .join(', ')} }`;

/** An object of which some fields are checked. */
const objectWith = <A extends object>(
  name: string,
  membersOf: (given: object) => readonly (readonly [string, Mixed])[],
) =>
  new Type<A>(
    name,
    (given): given is A => UnknownRecord.is(given) && membersOf(given).every(([field, type]) => type.is(given[field])),
    (given, context) =>
      UnknownRecord.is(given) ? decodeMembers<A>(given, membersOf(given), context) : failure(given, context),
    identity,
  );

/** An object with at least these fields. */
/* @__NO_SIDE_EFFECTS__ */
export const type = <P extends Props>(props: P, name: string = named(props)): Type<Values<P>> => {
  const members = Object.entries<Mixed>(props);
  return objectWith(name, () => members);
};

/** An object that has each of these fields, or lacks it. */
/* @__NO_SIDE_EFFECTS__ */
export const partial = <P extends Props>(props: P, name = `Partial<${named(props)}>`): Type<Partial<Values<P>>> => {
  const members = Object.entries<Mixed>(props);
  return objectWith(name, (given) => members.filter(([field]) => given[field as keyof typeof given] !== undefined));
};

/** An array with items of a type. */
/* @__NO_SIDE_EFFECTS__ */
export const array = <A>(item: Type<A, unknown>, name = `Array<${item.name}>`): Type<readonly A[]> =>
  new Type<readonly A[]>(
    name,
    (given): given is readonly A[] => Array.isArray(given) && given.every(item.is),
    (given, context) =>
      Array.isArray(given)
        ? decodeMembers(
            given,
            Array.from(given, (_, i) => [`${i}`, item]),
            context,
          )
        : failure(given, context),
    identity,
  );

/** A value of one of some types: what the first of them returns that takes it. */
/* @__NO_SIDE_EFFECTS__ */
export const union = <T extends readonly [Mixed, Mixed, ...Mixed[]]>(
  types: T,
  name = `(${types.map((each) => each.name).join(' | ')})`,
): Type<TypeOf<T[number]>> =>
  new UnionType<Mixed[], TypeOf<T[number]>>(
    name,
    (given): given is TypeOf<T[number]> => types.some((each) => each.is(given)),
    (given, context) => {
      const errors: Errors[] = [];
      for (const [i, each] of types.entries()) {
        const result = each.validate(given, appendContext(context, `${i}`, each, given));
        if (E.isRight(result)) return result;
        errors.push(result.left);
      }
      return failures(errors.flat());
    },
    identity,
    [...types],
  );

/** A value of two types: what the second returns for the result of the first. */
/* @__NO_SIDE_EFFECTS__ */
export const intersection = <A, B>(
  [first, second]: readonly [Type<A, unknown>, Type<B, unknown>],
  name = `(${first.name} & ${second.name})`,
): Type<A & B> =>
  new Type<A & B>(
    name,
    (given): given is A & B => first.is(given) && second.is(given),
    (given, context) =>
      E.flatMap((result) => second.validate(result, context) as Validation<A & B>)(first.validate(given, context)),
    identity,
  );
