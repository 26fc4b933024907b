/** Additions to io-ts: objects without unknown fields, and readable reports. */
import { E, F, t, type either } from './fp.js';
import { suggestion } from './suggest.js';

/** A value that is not as expected: `conv.shape.0: expected an integer ≥ 0, got "three"`. */
export interface Mismatch {
  /** The path to the value, joined by dots; empty for the whole. */
  readonly path: string;
  readonly expected: string;
  readonly actual: string;
  /** The field that an unknown one may have been meant for. */
  readonly meant?: string;
}

/** Turns a mismatch into the fields of an error; `where` names the value that was decoded. */
export const explained =
  (where: string, hint: string) =>
  ({ path, expected, actual, meant }: Mismatch) => ({
    where: path === '' ? where : `${where}.${path}`,
    expected,
    actual,
    hint: meant === undefined ? hint : `did you mean ${meant}? ${hint}`,
  });

/** A placeholder for the value of a field that an object should not have. */
export const UNKNOWN = 'an unknown field';

const LONGEST = 60;

/** Describes a value in a few words, without the contents of an object. */
export const show = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'string') return JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
};

/** True for a union or an intersection: io-ts counts its members as steps of the path. */
const branches = (entry: t.ContextEntry | undefined): boolean =>
  entry?.type instanceof t.UnionType || entry?.type instanceof t.IntersectionType;

/** The type that a report shows for a field that an object should not have. */
interface UnknownField extends t.Type<never> {
  readonly meant: string | undefined;
}

/** Lists the names that are possible: `one of the fields a, b`. */
export const listOf = (noun: string, names: readonly string[]): string => {
  if (names.length === 0) return `no ${noun}s`;
  return names.length === 1 ? `the ${noun} ${names[0]}` : `one of the ${noun}s ${names.join(', ')}`;
};

const unknownField = (name: string, names: readonly string[], given: object): UnknownField =>
  Object.assign(new t.Type<never>(listOf('field', names), (_): _ is never => false, t.failure, F.identity), {
    meant: suggestion(
      name,
      names.filter((known) => !Object.hasOwn(given, known)),
    ),
  });

const unknownIn = ({ context }: t.ValidationError): UnknownField | undefined => {
  const type = context.at(-1)?.type;
  return type !== undefined && 'meant' in type ? (type as UnknownField) : undefined;
};

/** The entries of a context that are steps on the way to a value. */
const stepsOf = (context: t.Context): t.Context => context.filter((_, i) => i > 0 && !branches(context[i - 1]));

/** A name in a path. One from a file may be anything. */
const inPath = (name: string): string => (/^[\w./:-]{1,60}$/.test(name) ? name : show(name));

const mismatch = (error: t.ValidationError): Mismatch => {
  const { value, context, message } = error;
  const unknown = unknownIn(error);
  return {
    path: stepsOf(context)
      .map(({ key }) => inPath(key))
      .join('.'),
    expected: message ?? (branches(context.at(-2)) ? context.at(-2) : context.at(-1))?.type.name ?? 'another value',
    actual: unknown === undefined ? show(value) : UNKNOWN,
    ...(unknown?.meant === undefined ? {} : { meant: unknown.meant }),
  };
};

/**
 * Selects the error to report: the first one, but inside a union the most informative one, which is that of the
 * alternative in which a field is misspelt, or otherwise the deepest one.
 */
const mostTelling = (errors: t.Errors): t.ValidationError | undefined => {
  const [first] = errors;
  const union = first?.context.findIndex(({ type }) => type instanceof t.UnionType) ?? -1;
  if (first === undefined || union === -1) return first;
  const alternatives = errors.filter(({ context }) =>
    first.context.slice(0, union + 1).every(({ key }, i) => context[i]?.key === key),
  );
  const depth = (error: t.ValidationError): number =>
    stepsOf(error.context).length - (unknownIn(error) === undefined ? 0 : 0.5);
  const deepest = alternatives.reduce((a, b) => (depth(b) > depth(a) ? b : a));
  return alternatives.find((error) => unknownIn(error)?.meant !== undefined) ?? deepest;
};

/** Decodes a value; reports one of several mismatches. */
export const decode =
  <A>(codec: t.Decoder<unknown, A>) =>
  (value: unknown): either.Either<Mismatch, A> =>
    E.mapLeft((errors: t.Errors) => mismatch(mostTelling(errors) ?? { value, context: [] }))(codec.decode(value));

type Exact<R extends t.Props, P extends t.Props> = t.TypeOf<t.TypeC<R>> & t.TypeOf<t.PartialC<P>>;
type ExactOutput<R extends t.Props, P extends t.Props> = t.OutputOf<t.TypeC<R>> & t.OutputOf<t.PartialC<P>>;

/**
 * An object with these fields and no others: io-ts's `strict` drops the others silently. An unknown field is reported
 * before a missing one, because it may be the missing field, misspelt.
 */
export const exactly = <R extends t.Props, P extends t.Props = Record<never, never>>(
  required: R,
  // without optional fields, P is the empty record
  optional: P = {} as P,
): t.Type<Exact<R, P>, ExactOutput<R, P>> => {
  const known = t.intersection([t.type(required), t.partial(optional)]);
  const names = [...Object.keys(required), ...Object.keys(optional)];
  const strangerIn = (value: object): string | undefined => Object.keys(value).find((name) => !names.includes(name));
  return new t.Type<Exact<R, P>, ExactOutput<R, P>>(
    `{ ${names.join(', ')} }`,
    (value): value is Exact<R, P> => known.is(value) && strangerIn(value) === undefined,
    (value, context) =>
      F.pipe(
        t.UnknownRecord.validate(value, context),
        E.flatMap((given) => {
          const stranger = strangerIn(given);
          if (stranger === undefined) return t.success(given);
          const type = unknownField(stranger, names, given);
          return t.failure(given[stranger], t.appendContext(context, stranger, type, given[stranger]));
        }),
        // one after the other on the same object: an intersection would add a step to the context
        E.flatMap((given) => t.type(required).validate(given, context)),
        E.flatMap((checked) => t.partial(optional).validate(checked, context)),
        E.map((checked) => checked as Exact<R, P>), // it passed both codecs
      ),
    known.encode,
  );
};

/** A tuple of exactly these values; io-ts's `tuple` drops further ones silently. */
export const exactTuple = <const C extends readonly [t.Mixed, ...t.Mixed[]]>(
  codecs: C,
  name: string,
): t.Type<{ -readonly [K in keyof C]: t.TypeOf<C[K]> }> => {
  type Values = { -readonly [K in keyof C]: t.TypeOf<C[K]> };
  // the overloads of `tuple` cover fixed lengths only
  const known = t.tuple(codecs as unknown as [t.Mixed, t.Mixed], name) as unknown as t.Type<Values>;
  const isTooLong = (value: unknown): boolean => Array.isArray(value) && value.length > codecs.length;
  return new t.Type<Values>(
    name,
    (value): value is Values => known.is(value) && !isTooLong(value),
    (value, context) => (isTooLong(value) ? t.failure(value, context) : known.validate(value, context)),
    known.encode,
  );
};

/** Accepts the values of a codec that satisfy a condition, and returns them unchanged. */
export const refined = <A>(codec: t.Type<A>, name: string, holds: (a: A) => boolean): t.Type<A> =>
  new t.Type<A>(
    name,
    (value): value is A => codec.is(value) && holds(value),
    (value, context) => (codec.is(value) && holds(value) ? t.success(value) : t.failure(value, context)),
    codec.encode,
  );

/** A function. Its type `F` is asserted: a codec cannot check it. */
export const functionOf = <F>(name: string): t.Type<F> =>
  refined(t.Function as t.Type<unknown> as t.Type<F>, name, () => true);

/** Numbers on the host: a plain array does not tell their dtype. */
export const hostArray = refined(t.unknown, 'a Float32Array, Float64Array, Int32Array or Uint8Array', (x) =>
  [Float32Array, Float64Array, Int32Array, Uint8Array].some((kind) => x instanceof kind),
);

/** An integer ≥ 0 that a JavaScript number holds exactly. */
export const natural = refined(t.number, 'an integer ≥ 0', (n) => Number.isSafeInteger(n) && n >= 0);
/** An integer ≥ 1. */
export const positive = refined(natural, 'an integer ≥ 1', (n) => n >= 1);
/** A word of a random key: an unsigned 32-bit integer. */
export const word = refined(natural, 'an integer from 0 to 2^32 - 1', (n) => n < 2 ** 32);
/** A number that is neither NaN nor infinite. */
export const finite = refined(t.number, 'a finite number', Number.isFinite);
/** A finite number ≥ 0. */
export const amount = refined(finite, 'a finite number ≥ 0', (n) => n >= 0);
/** A finite number above 0. */
export const aboveZero = refined(finite, 'a finite number above 0', (n) => n > 0);
/** A number from 0 to 1. */
export const share = refined(finite, 'a number from 0 to 1', (n) => n >= 0 && n <= 1);

/** One of some strings; its name lists them: `'a', 'b' or 'c'`. */
export const oneOf = <const W extends string>(...words: readonly [W, ...W[]]) => {
  const listed = words.map((each) => `'${each}'`);
  const names = Object.fromEntries(words.map((each) => [each, null])) as { readonly [K in W]: null };
  return t.keyof(names, [listed.slice(0, -1).join(', '), listed.at(-1)].filter((part) => part !== '').join(' or '));
};

/** A field for which noisefold supports only one value; arrays are compared by their elements. */
export const only = <A extends string | number | boolean | null | readonly never[]>(value: A): t.Type<A> => {
  const wanted = JSON.stringify(value);
  const known = t.unknown as t.Type<unknown> as t.Type<A>; // `refined` accepts only that value
  return refined(
    known,
    `${wanted}, the only value that noisefold supports`,
    (given) => JSON.stringify(given) === wanted,
  );
};
