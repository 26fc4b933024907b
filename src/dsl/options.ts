/** Options of functions, from TypeScript or not: decoded, by one rule for all. */
import { decode, exactly, explained, refined } from '../internal/decode.js';
import { E, F, type either, t } from '../internal/fp.js';
import { failure, type NoisefoldError, orRaise } from './errors.js';

/**
 * The fields of `T`, of which `K` decide its type parameters. From an object with a field that is misspelt the compiler
 * infers nothing; from these apart it does, so that the error is at that field.
 */
export type InferredFrom<T, K extends keyof T> = Pick<T, K> & Omit<T, K>;

/** What a function takes as its options. */
export interface Options<A> {
  /** What errors call the function. */
  readonly where: string;
  /** What its options are, and that there are no others. */
  readonly options: t.Decoder<unknown, A>;
  /** What to do where they are not. */
  readonly hint: string;
}

/** The options that a function was given, none if left out; a `ConfigError` that names the one that cannot be. */
export const optionsOf =
  <A>({ where, options, hint }: Options<A>) =>
  (given: unknown): either.Either<NoisefoldError, A> =>
    F.pipe(
      decode(options)(given === undefined ? {} : given),
      E.mapLeft((mismatch) => failure('ConfigError', explained(where, hint)(mismatch))),
    );

/**
 * Raises `ConfigError` for a field of options that is unknown or missing, and gives the options back. What the fields
 * hold is checked where it is used.
 *
 * @param required - what each field is, in the words of an error
 */
export const namedFields = (
  where: string,
  required: Readonly<Record<string, string>>,
  optional: readonly string[] = [],
) => {
  const present = Object.entries(required).map(
    ([name, expected]) => [name, refined(t.unknown, expected, (value) => value !== undefined)] as const,
  );
  const check = optionsOf({
    where,
    options: exactly(
      Object.fromEntries(present),
      Object.fromEntries(optional.map((name) => [name, t.unknown])),
    ),
    hint: 'see its type for the fields and what they take',
  });
  return <A>(given: A): A => {
    orRaise(check(given));
    return given;
  };
};
