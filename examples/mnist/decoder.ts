/** Decoders of external values, from a command line or a file. */
import { fail, failure, type NoisefoldError } from 'noisefold/dsl';
import { either as E } from 'fp-ts';

/** The position of a value, and a hint for a wrong one. */
export interface Place {
  readonly where: string;
  readonly hint: string;
}

/** Returns a `ConfigError` for a wrong value. */
export type Decoder<A> = (place: Place) => (value: unknown) => E.Either<NoisefoldError, A>;

const LONGEST = 60;

/** The JSON of a value from a file, which may be nested too deeply to be written. */
const jsonOf = (value: unknown): string => {
  try {
    return `${JSON.stringify(value)}`;
  } catch {
    return 'a value that is nested too deeply';
  }
};

/** The JSON of a value in a few characters. */
export const show = (value: unknown): string => {
  const text = value === undefined ? 'nothing' : jsonOf(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
};

const wrong = (place: Place, expected: string, value: unknown): E.Either<NoisefoldError, never> =>
  fail('ConfigError', { ...place, expected, actual: show(value) });

/** A number with a condition, in words and as a test. */
/* @__NO_SIDE_EFFECTS__ */
export const numberThat =
  (expected: string, holds: (n: number) => boolean): Decoder<number> =>
  (place) =>
  (value) =>
    typeof value === 'number' && Number.isFinite(value) && holds(value)
      ? E.right(value)
      : wrong(place, expected, value);

/* @__NO_SIDE_EFFECTS__ */
export const wholeFrom = (least: number): Decoder<number> =>
  numberThat(`a whole number ≥ ${least}`, (n) => Number.isSafeInteger(n) && n >= least);

/* @__NO_SIDE_EFFECTS__ */
export const oneOf =
  <const A extends string>(names: readonly A[]): Decoder<A> =>
  (place) =>
  (value) => {
    const match = names.find((name) => name === value);
    return match === undefined
      ? wrong(place, `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`, value)
      : E.right(match);
  };

/** A value or null. */
/* @__NO_SIDE_EFFECTS__ */
export const orNull =
  <A>(decoder: Decoder<A>): Decoder<A | null> =>
  (place) =>
  (value) =>
    value === null ? E.right(null) : decoder(place)(value);

/** A value that another decoder reads; its error names this position. */
/* @__NO_SIDE_EFFECTS__ */
export const by =
  <A>(decode: (value: unknown) => E.Either<NoisefoldError, A>): Decoder<A> =>
  ({ where }) =>
  (value) =>
    E.mapLeft((error: NoisefoldError) => failure('ConfigError', { ...error, where: `${where}, ${error.where}` }))(
      decode(value),
    );

/** An object with exactly these fields, in this order. */
/* @__NO_SIDE_EFFECTS__ */
export const record =
  <A extends object>(fields: { readonly [K in keyof A]: Decoder<A[K]> }): Decoder<A> =>
  (place) =>
  (value) => {
    const names = Object.keys(fields) as (keyof A & string)[]; // a literal has no others
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return wrong(place, `{ ${names.join(', ')} }`, value);
    const entries = new Map<string, unknown>(Object.entries(value));
    const unknownName = [...entries.keys()].find((name) => !names.some((known) => known === name));
    if (unknownName !== undefined) return wrong(place, `no fields but ${names.join(', ')}`, unknownName);
    const decoded: (readonly [string, unknown])[] = [];
    for (const name of names) {
      const field = fields[name]({ ...place, where: `${place.where}: ${name}` })(entries.get(name));
      if (E.isLeft(field)) return field;
      decoded.push([name, field.right]);
    }
    return E.right(Object.fromEntries(decoded) as A); // a field for each name
  };
