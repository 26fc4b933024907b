/** Decodes options of functions at run time, because callers may use JavaScript. */
import { decode, exactly, explained, type Mismatch, refined, show, UNKNOWN } from './decode.js';
import { E, F, type either, t } from './fp.js';
import { fail, failure, type NoisefoldError, orRaise } from './errors.js';
import { isEither } from './either.js';

/**
 * The fields of `T`, separating those from which its type parameters are inferred (`K`). Otherwise a misspelt field
 * stops inference for the whole object; with the separation the compiler reports that field.
 */
export type InferredFrom<T, K extends keyof T> = Pick<T, K> & Omit<T, K>;

export interface Options<A> {
  /** The name of the function in errors. */
  readonly where: string;
  /** Decodes the options; fails for unknown fields. */
  readonly options: t.Decoder<unknown, A>;
  /** The hint of errors. Default: how to fix the unknown, missing or invalid field. */
  readonly hint?: string;
}

/** Lists the fields only if one is unknown or missing; for an invalid value the expectation is enough. */
const hintFor = ({ path, actual }: Mismatch): string =>
  path === ''
    ? 'give the options as one object'
    : actual === UNKNOWN
      ? 'leave it out'
      : actual === show(undefined)
        ? `give ${path}`
        : `change ${path}`;

/**
 * Decodes options; `undefined` is an empty record. Returns a `ConfigError`, which names the invalid field, also for an
 * Either in place of its value.
 */
export const optionsOf =
  <A>({ where, options, hint }: Options<A>) =>
  (given: unknown): either.Either<NoisefoldError, A> =>
    isEither(given)
      ? fail('ConfigError', {
          where,
          expected: 'a value',
          actual: 'an Either',
          hint: 'take the value out of it by unwrap or E.flatMap',
        })
      : F.pipe(
          decode(options)(given === undefined ? {} : given),
          E.mapLeft((mismatch) =>
            given === undefined && mismatch.path === '' ? { ...mismatch, actual: show(given) } : mismatch,
          ),
          E.mapLeft((mismatch) => failure('ConfigError', explained(where, hint ?? hintFor(mismatch))(mismatch))),
        );

/** Options that may be left out, as a record. Null stays null, which decoding refuses. */
export const orNoOptions = <O extends object>(options: O | undefined): Partial<O> =>
  options === undefined ? {} : options;

/**
 * Makes a function that returns its options, and raises `ConfigError` for an unknown or missing field. It does not check
 * the values of the fields.
 *
 * @param required - the required fields, each with its description for errors
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
    options: exactly(Object.fromEntries(present), Object.fromEntries(optional.map((name) => [name, t.unknown]))),
  });
  return <A>(given: A): A => {
    orRaise(check(given));
    return given;
  };
};
