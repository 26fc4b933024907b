/** Additions to io-ts: objects without unknown fields, and readable reports. */
import { E, F, t, type either } from './fp.js';

/** A value that is not as expected: `conv.shape.0: expected an integer ≥ 0, got "three"`. */
export interface Mismatch {
  /** The path to the value, joined by dots; empty for the whole. */
  readonly path: string;
  readonly expected: string;
  readonly actual: string;
}

/** Turns a mismatch into the fields of an error; `where` names the value that was decoded. */
export const explained =
  (where: string, hint: string) =>
  ({ path, expected, actual }: Mismatch) => ({
    where: path === '' ? where : `${where}.${path}`,
    expected,
    actual,
    hint,
  });

const LONGEST = 60;

/** Describes a value in a few words, without the contents of an object. */
export const show = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'string')
    return JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
};

/** True for a union or an intersection: io-ts counts its members as steps of the path. */
const branches = (entry: t.ContextEntry | undefined): boolean =>
  entry?.type instanceof t.UnionType || entry?.type instanceof t.IntersectionType;

const mismatch = ({ value, context, message }: t.ValidationError): Mismatch => ({
  path: context
    .filter((_, i) => i > 0 && !branches(context[i - 1]))
    .map((entry) => entry.key)
    .join('.'),
  expected:
    message ?? (branches(context.at(-2)) ? context.at(-2) : context.at(-1))?.type.name ?? 'another value',
  actual: show(value),
});

/** Decodes a value; reports the first of several mismatches. */
export const decode =
  <A>(codec: t.Decoder<unknown, A>) =>
  (value: unknown): either.Either<Mismatch, A> =>
    E.mapLeft((errors: t.Errors) => mismatch(errors[0] ?? { value, context: [] }))(codec.decode(value));

type Exact<R extends t.Props, P extends t.Props> = t.TypeOf<t.TypeC<R>> & t.TypeOf<t.PartialC<P>>;
type ExactOutput<R extends t.Props, P extends t.Props> = t.OutputOf<t.TypeC<R>> & t.OutputOf<t.PartialC<P>>;

/** An object with these fields and no others; io-ts's `strict` drops the others silently. */
export const exactly = <R extends t.Props, P extends t.Props = Record<never, never>>(
  required: R,
  // without optional fields, P is the empty record
  optional: P = {} as P,
): t.Type<Exact<R, P>, ExactOutput<R, P>> => {
  const known = t.intersection([t.type(required), t.partial(optional)]);
  const names = [...Object.keys(required), ...Object.keys(optional)];
  const unknownField = (value: object): string | undefined =>
    Object.keys(value).find((name) => !names.includes(name));
  return new t.Type<Exact<R, P>, ExactOutput<R, P>>(
    `{ ${names.join(', ')} }`,
    (value): value is Exact<R, P> => known.is(value) && unknownField(value) === undefined,
    (value, context) =>
      F.pipe(
        t.type(required).validate(value, context),
        // one after the other on the same object: an intersection would add a step to the context
        E.flatMap((checked) => t.partial(optional).validate(checked, context)),
        E.flatMap((checked) => {
          const extra = unknownField(checked);
          return extra === undefined
            ? t.success(checked as Exact<R, P>) // it passed both
            : t.failure(
                extra,
                context,
                ['no fields', ...(names.length === 0 ? [] : [names.join(', ')])].join(' but '),
              );
        }),
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
