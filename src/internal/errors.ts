import { E, type either } from './fp.js';

/** The content of every error: the expected and the actual value, a hint for fixing it, and the place. */
export interface Explanation {
  readonly expected: string;
  readonly actual: string;
  readonly hint: string;
  /** The place: an operation, a path in a parameter tree, a file. */
  readonly where: string;
  /** The cause of the error, such as the reason of an AbortSignal. A thrown error has it too. */
  readonly cause?: unknown;
}

/** The kinds of error. */
export type ErrorTag =
  | 'ShapeError' // extents that do not match an operation, a spec or an ascription
  | 'DTypeError' // a dtype that an operation does not accept
  | 'UnknownDim' // a symbol without an extent, or an extent for an unknown symbol
  | 'KeyReused' // one random key consumed twice
  | 'ConfigError' // an invalid configuration or call
  | 'DecodeError' // malformed bytes or JSON from outside
  | 'FileError' // a file that could not be read or written
  | 'CheckpointMismatch' // a checkpoint of another model or of another program
  | 'BackendUnavailable' // a backend that is not installed or cannot start
  | 'BackendFailure' // a backend that failed while it compiled or ran, out of memory included
  | 'ValueConsumed' // a resident value used after it was donated or released
  | 'NonFinite' // NaN or infinity instead of a finite number
  | 'Diverged' // a training whose loss explodes
  | 'Cancelled'; // a run stopped by its AbortSignal

/** The errors of some kinds. */
type ErrorOf<K extends ErrorTag> = {
  readonly [T in K]: { readonly _tag: T; readonly message: string } & Explanation;
}[K];

/** All errors as a tagged union. `message` holds the whole content in one line. */
export type NoisefoldError = ErrorOf<ErrorTag>;

/** The text of any value. JavaScript may pass a symbol, or an object without `toString`, in place of a number. */
export const textOf = (value: unknown): string => {
  try {
    return String(value);
  } catch {
    return 'an object without a text';
  }
};

/**
 * Formats a shape for error messages.
 * @example showShape(['B', 28, 28, 1]) // → '[B, 28, 28, 1]'
 */
/* @__NO_SIDE_EFFECTS__ */
export const showShape = (shape: readonly (number | string)[]): string => `[${shape.map(textOf).join(', ')}]`;

/** Something with a dtype and a shape, such as a node, a value, or a leaf of a spec. */
export interface Typed {
  readonly dtype: string;
  readonly shape: readonly (number | string)[];
}

/** Formats a dtype and a shape for error messages: `float32 [2, 3]`. */
/* @__NO_SIDE_EFFECTS__ */
export const showType = ({ dtype, shape }: Typed): string => `${dtype} ${showShape(shape)}`;

/** Names the place of a leaf: `scan at fc.w`. An empty path stands for the whole tree. */
export const placeIn = (where: string, path: string): string => (path === '' ? where : `${where} at ${path}`);

/** Characters that move the cursor of a terminal, change its state, or change the direction of text. */
const CONTROL = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/** Writes control characters as JSON does. */
const escaped = (text: string): string =>
  text.replace(CONTROL, (c) =>
    c < ' ' ? JSON.stringify(c).slice(1, -1) : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Omits the middle of a text of more than `most` characters, an even number. */
const shortened = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most / 2 - 1)} … ${text.slice(2 - most / 2)}` : text;

/** The maximum length of a word, such as a name or a path, in characters. */
const LONGEST_WORD = 2000;
const LONG_WORDS = new RegExp(`\\S{${LONGEST_WORD},}`, 'g');
/** The maximum length of a text, which may list some hundred names. */
const LONGEST = 2 ** 15;

/** Omits the middle of long words and of a long text. */
const bounded = (text: string): string =>
  shortened(
    text.replace(LONG_WORDS, (word) => shortened(word, LONGEST_WORD)),
    LONGEST,
  );

/**
 * Escapes and shortens a text of an error, because the text may come from a hostile file. It shortens twice, because
 * escapes are longer than their characters.
 */
const printable = (text: string): string => bounded(escaped(bounded(textOf(text))));

/**
 * Makes an error value of a kind. Control characters are escaped, and long words and texts shortened.
 * @example
 * const about = { where: 'cosine', expected: 'T ≥ 1', actual: '0', hint: 'give a number of timesteps' }
 * failure('ConfigError', about)._tag // → 'ConfigError'
 * failure('ConfigError', about).message // → 'cosine: expected T ≥ 1, got 0; give a number of timesteps'
 */
export const failure = <K extends ErrorTag>(tag: K, explanation: Explanation): ErrorOf<K> => {
  if (typeof tag !== 'string' || !('where' in Object(explanation)))
    return failure('ConfigError', {
      where: 'failure',
      expected: 'a tag and an explanation',
      actual: `${textOf(tag)} and ${textOf(explanation)}`,
      hint: "give 'ConfigError' and { where, expected, actual, hint }",
    }) as ErrorOf<K>; // from JavaScript, which has no types
  const { where, expected, actual, hint, cause } = explanation;
  const about = {
    where: printable(where),
    expected: printable(expected),
    actual: printable(actual),
    hint: printable(hint),
  };
  const message = `${about.where}: expected ${about.expected}, got ${about.actual}; ${about.hint}`;
  return { ...about, _tag: tag, message, ...(cause !== undefined && { cause }) };
};

/**
 * Makes a `Left` of {@link failure}.
 * @example
 * const wrong = { where: 'steps', expected: 'n > 0', actual: '0', hint: 'take at least one' }
 * const refusal = fail('ConfigError', wrong)
 * isLeft(refusal) && refusal.left._tag // → 'ConfigError'
 */
export const fail = (tag: ErrorTag, explanation: Explanation): either.Either<NoisefoldError, never> =>
  E.left(failure(tag, explanation));

/** The thrown form of an error value: an `Error` with the same message. Its name is the tag. */
export interface ThrownError extends Error {
  readonly _tag: ErrorTag;
  /** The error value. Not enumerable: Node prints the message once, and no fields after the stack. */
  readonly error: NoisefoldError;
}

/** Tests for an error value. JavaScript callers may pass anything else as a `Left`. */
export const isError = (x: unknown): x is NoisefoldError =>
  (['_tag', 'message', 'where', 'expected', 'actual', 'hint'] as const).every(
    (field) => typeof (Object(x) as Partial<NoisefoldError>)[field] === 'string',
  );

const notAnError = (value: unknown): NoisefoldError =>
  failure('ConfigError', {
    where: 'Left',
    expected: 'an error value, which failure makes',
    actual: String(value),
    hint: 'write left(failure(tag, { where, expected, actual, hint }))',
  });

const carried = Symbol('noisefold');
/**
 * The key under which an error value holds the `Error` that was caught. Not enumerable, so that copies and tests omit
 * it.
 */
const caughtFrom = Symbol('noisefold.caughtFrom');

/**
 * Joins the tag and the message, the stack of the `Error` that was caught, and the lines that only a later stack has.
 * `Cancelled` has no stack, because the run was stopped from outside, not by a place in the program.
 */
const stackOf = (error: NoisefoldError, later: Error): string => {
  const head = `${error._tag}: ${error.message}`;
  if (error._tag === 'Cancelled') return head;
  const linesOf = ({ stack = '' }: Error) =>
    stack.split('\n').filter((line) => line !== head && line !== `Error: ${error.message}`);
  const lines = caughtFrom in error && error[caughtFrom] instanceof Error ? linesOf(error[caughtFrom]) : [];
  return [head, ...lines, ...linesOf(later).filter((line) => !lines.includes(line))].join('\n');
};

/**
 * Makes the `Error` that carries an error value. Its stack begins with the place where the value was raised. A value
 * from JavaScript that is not an error value, such as a string, becomes a `ConfigError`.
 */
export const thrownError = (value: NoisefoldError): ThrownError => {
  const error = Object(value) === value ? value : notAnError(value);
  const thrown = new Error(error.message);
  return Object.defineProperties(thrown, {
    // not enumerable, because Node prints enumerable fields after the stack
    name: { value: error._tag, writable: true, configurable: true },
    _tag: { value: error._tag },
    error: { value: error },
    ...('cause' in error && { cause: { value: error.cause, writable: true, configurable: true } }),
    [carried]: { value: error },
    stack: { value: stackOf(error, thrown), writable: true, configurable: true },
  }) as ThrownError; // the members that were just added
};

/** The message of an exception, or the text of another value. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/**
 * Gets the error value from an exception thrown by `unwrap`, `raise` or a run; null for any other exception.
 * @example
 * await using nf = await open(reference())
 * await nf.run(upload(Float32Array.of(1, 2), [3])).catch((thrown) => errorIn(thrown)?._tag) // → 'ShapeError'
 * errorIn(new RangeError('stack')) // → null
 */
export const errorIn = (thrown: unknown): NoisefoldError | null =>
  thrown instanceof Error && carried in thrown ? (thrown[carried] as NoisefoldError) : null;

/**
 * Throws an error value as a {@link ThrownError}, for functions that build a graph. {@link attempt}, and so `compile`,
 * returns it as a value.
 * @example
 * const wrong = { where: 'half', expected: 'an even extent', actual: '7', hint: 'pad it' }
 * const refusal = attempt(() => raise('ShapeError', wrong))
 * isLeft(refusal) && refusal.left._tag // → 'ShapeError'
 */
export const raise = (tag: ErrorTag, explanation: Explanation): never => {
  throw thrownError(failure(tag, explanation));
};

/** The `Left` of a copy of an error value that keeps the stack of an exception. */
export const caughtAs = (error: NoisefoldError, thrown: unknown): either.Either<NoisefoldError, never> =>
  E.left(Object.defineProperty({ ...error }, caughtFrom, { value: thrown }));

/** The `Left` of a raised error; other exceptions are defects and are rethrown. */
export const caught = (thrown: unknown): either.Either<NoisefoldError, never> => {
  const raised = errorIn(thrown);
  if (raised === null) throw thrown;
  return caughtAs(raised, thrown);
};

/**
 * Runs a function that builds a graph. A raised error becomes a `Left`; other exceptions are defects and are rethrown.
 * @example
 * const images = zeros(8, 28, 28, 1)
 * unwrap(attempt(() => dims(reshape(images, 8, -1)))) // → [8, 784]
 * const wrong = attempt(() => reshape(images, Number('9'), -1))
 * isLeft(wrong) && wrong.left._tag // → 'ShapeError'
 */
export const attempt = <A>(build: () => A): either.Either<NoisefoldError, A> => {
  try {
    return E.right(build());
  } catch (thrown) {
    return caught(thrown);
  }
};

/** Returns the value of a `Right`; raises the error of a `Left`. */
export const orRaise = <A>(result: either.Either<NoisefoldError, A>): A => {
  if (E.isRight(result)) return result.right;
  throw thrownError(result.left);
};

/**
 * Reports errors raised by `build` under the name of the operation that the user called (`matmul`, not the `dot` that
 * it is made of). It does not change the inputs that `where` names, nor a place that is not an operation
 * (`arg 2 of …`).
 */
export const named = <A>(op: string, build: () => A): A => {
  const result = attempt(build);
  if (E.isRight(result)) return result.right;
  const { _tag, where } = result.left;
  const [, near = ''] = /^\w+( \(near .*\))?$/.exec(where) ?? [where, `, ${where}`];
  return raise(_tag, { ...result.left, where: op + near });
};

/** Raises a `ShapeError` for an unexpected shape. */
export const refuseShape = (
  where: string,
  expected: string,
  actual: readonly (number | string)[],
  hint: string,
): never => raise('ShapeError', { where, expected, actual: showShape(actual), hint });

/**
 * Raises `ShapeError` unless a value, which may be missing, has the given dtype and shape, formatted as by
 * {@link showType}.
 */
export const demandType = (where: string, expected: string, x: Typed | null, hint: string): void => {
  const actual = x === null ? 'nothing' : showType(x);
  if (actual !== expected) raise('ShapeError', { where, expected, actual, hint });
};
