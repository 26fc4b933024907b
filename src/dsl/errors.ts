import { E, type either } from '../internal/fp.js';

/** What every error says: what was expected, what came, and what to do about it. */
export interface Explanation {
  readonly expected: string;
  readonly actual: string;
  readonly hint: string;
  /** The place: an operation, a path in a parameter tree, a file. */
  readonly where: string;
}

/** The kinds of failure, each with what it is about. */
interface Kinds {
  /** Extents that do not fit an operation, a spec or an ascription. */
  readonly ShapeError: unknown;
  /** A dtype that an operation does not take. */
  readonly DTypeError: unknown;
  /** A symbol of a spec without an extent, or an extent without a symbol. */
  readonly UnknownDim: unknown;
  /** One random key consumed twice. */
  readonly KeyReused: unknown;
  /** A configuration that cannot work. */
  readonly ConfigError: unknown;
  /** Bytes or JSON from outside that are not what they claim to be. */
  readonly DecodeError: unknown;
  /** A file that could not be read or written. */
  readonly FileError: unknown;
  /** A checkpoint of another model or of another program. */
  readonly CheckpointMismatch: unknown;
  /** A backend that is not installed or cannot start. */
  readonly BackendUnavailable: unknown;
  /** A backend that failed while it compiled or ran, out of memory included. */
  readonly BackendFailure: unknown;
  /** A resident value used after it was donated or released. */
  readonly ValueConsumed: unknown;
  /** NaN or infinity where a finite number is needed. */
  readonly NonFinite: unknown;
  /** A run stopped through its AbortSignal. */
  readonly Cancelled: unknown;
}

export type ErrorTag = keyof Kinds;

/** Everything that can go wrong, as one tagged union; `message` is the whole of it in one line. */
export type NoisefoldError = {
  readonly [K in ErrorTag]: { readonly _tag: K; readonly message: string } & Explanation;
}[ErrorTag];

/**
 * A shape as errors write it.
 *
 * @example
 * showShape(['B', 28, 28, 1]) // → '[B, 28, 28, 1]'
 */
export const showShape = (shape: readonly (number | string)[]): string => `[${shape.join(', ')}]`;

/**
 * Makes an error of a kind; its `message` says all of it in one line.
 *
 * @example
 * const about = { where: 'cosine', expected: 'T ≥ 1', actual: '0', hint: 'give a number of timesteps' }
 * failure('ConfigError', about)._tag // → 'ConfigError'
 * failure('ConfigError', about).message // → 'cosine: expected T ≥ 1, got 0; give a number of timesteps'
 */
export const failure = <K extends ErrorTag>(
  tag: K,
  { where, expected, actual, hint }: Explanation,
): Extract<NoisefoldError, { _tag: K }> =>
  // the mapped union is not seen through a type parameter, though each member has this form
  ({
    _tag: tag,
    message: `${where}: expected ${expected}, got ${actual}; ${hint}`,
    where,
    expected,
    actual,
    hint,
  }) as unknown as Extract<NoisefoldError, { _tag: K }>;

/**
 * A `Left` of {@link failure}.
 *
 * @example
 * const wrong = { where: 'steps', expected: 'n > 0', actual: '0', hint: 'take at least one' }
 * pipe(fail('ConfigError', wrong), E.mapLeft(({ _tag }) => _tag)) // → E.left('ConfigError')
 */
export const fail = (tag: ErrorTag, explanation: Explanation): either.Either<NoisefoldError, never> =>
  E.left(failure(tag, explanation));

/** An error value as it is thrown: an `Error` of the same message, whose name is the tag. */
export interface ThrownError extends Error {
  readonly _tag: ErrorTag;
  readonly error: NoisefoldError;
  /** The same as `error`, where JavaScript's tools look for it. */
  readonly cause: NoisefoldError;
}

const carried = Symbol('noisefold');

/** The `Error` that carries an error value. */
export const thrownError = (error: NoisefoldError): ThrownError =>
  Object.defineProperties(
    Object.assign(new Error(error.message, { cause: error }), { name: error._tag, _tag: error._tag }),
    // not enumerable: Node prints the cause already
    { error: { value: error }, [carried]: { value: error } },
  ) as ThrownError; // the members that were just added

/**
 * The error value in what was thrown by `unwrap`, `raise` or a run; null of any other exception.
 *
 * @example
 * const wrong = { where: 'half', expected: 'an even extent', actual: '7', hint: 'pad it' }
 * const caught = E.tryCatch(() => raise('ShapeError', wrong), errorIn)
 * pipe(caught, E.mapLeft((error) => error?.hint)) // → E.left('pad it')
 * errorIn(new RangeError('stack')) // → null
 */
export const errorIn = (thrown: unknown): NoisefoldError | null =>
  thrown instanceof Error && carried in thrown ? (thrown[carried] as NoisefoldError) : null;

/**
 * Throws an error value out of a builder function, as a {@link ThrownError}; {@link attempt} (and so `compile`) gives
 * it back as a value.
 *
 * @example
 * const wrong = { where: 'half', expected: 'an even extent', actual: '7', hint: 'pad it' }
 * pipe(attempt(() => raise('ShapeError', wrong)), E.mapLeft(({ _tag }) => _tag)) // → E.left('ShapeError')
 */
export const raise = (tag: ErrorTag, explanation: Explanation): never => {
  throw thrownError(failure(tag, explanation));
};

/**
 * Runs a builder; what it raised becomes a `Left`. Anything else thrown is a defect and goes on.
 *
 * @example
 * const images = zeros(8, 28, 28, 1)
 * attempt(() => dims(reshape(images, 8, -1))) // → E.right([8, 784])
 * pipe(attempt(() => reshape(images, 9, -1)), E.mapLeft(({ _tag }) => _tag)) // → E.left('ShapeError')
 */
export const attempt = <A>(build: () => A): either.Either<NoisefoldError, A> => {
  try {
    return E.right(build());
  } catch (thrown) {
    const raised = errorIn(thrown);
    if (raised !== null) return E.left(raised);
    throw thrown;
  }
};

/** What is right, in a builder that has no other way to say what is not: that is raised. */
export const orRaise = <A>(made: either.Either<NoisefoldError, A>): A => {
  if (E.isRight(made)) return made.right;
  throw thrownError(made.left);
};

/**
 * What a builder raises is said of `op`, the operation that was called, not of what it is made of: `matmul`, where it
 * was `dot`. The inputs that it is near stay, and so does a place that is no operation (`arg 2 of …`).
 */
export const named = <A>(op: string, build: () => A): A => {
  const made = attempt(build);
  if (E.isRight(made)) return made.right;
  const { _tag, where } = made.left;
  const [, near] = /^\w+( \(near .*\))?$/.exec(where) ?? [where, `, ${where}`];
  return raise(_tag, { ...made.left, where: `${op}${near ?? ''}` });
};
