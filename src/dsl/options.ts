/** Options of functions, from TypeScript or not: decoded, by one rule for all. */
import { decode, explained } from '../internal/decode.js';
import { E, F, type either, type t } from '../internal/fp.js';
import { failure, type NoisefoldError } from './errors.js';

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
