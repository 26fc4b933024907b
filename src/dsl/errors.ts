/** The functions about errors for callers outside, which check their arguments. Those of `internal/errors.ts` do not. */
import { oneOf } from '../internal/decode.js';
import * as errors from '../internal/errors.js';
import { callback, list, partLike } from '../internal/parts.js';
import { decoding, demanding } from '../internal/takes.js';

export { errorIn, type ErrorTag, type Explanation, type NoisefoldError, type ThrownError } from '../internal/errors.js';

const tags = [
  'ShapeError',
  'DTypeError',
  'UnknownDim',
  'KeyReused',
  'ConfigError',
  'DecodeError',
  'FileError',
  'CheckpointMismatch',
  'BackendUnavailable',
  'BackendFailure',
  'ValueConsumed',
  'NonFinite',
  'Diverged',
  'Cancelled',
] as const satisfies readonly errors.ErrorTag[];

const explained = {
  tag: oneOf(...tags),
  explanation: partLike('an explanation', '{ where, expected, actual, hint }', 'where', 'expected', 'actual', 'hint'),
};

/**
 * Formats a shape for error messages.
 * @example showShape(['B', 28, 28, 1]) // → '[B, 28, 28, 1]'
 */
export const showShape = demanding('showShape', { shape: list('a shape, such as [2, 3]') }, errors.showShape);

/**
 * Makes an error value of a kind. Control characters are escaped, and long words and texts shortened.
 * @example
 * const about = { where: 'cosine', expected: 'T ≥ 1', actual: '0', hint: 'give a number of timesteps' }
 * failure('ConfigError', about)._tag // → 'ConfigError'
 * failure('ConfigError', about).message // → 'cosine: expected T ≥ 1, got 0; give a number of timesteps'
 */
export const failure = demanding('failure', explained, errors.failure);

/**
 * Makes a `Left` of {@link failure}.
 * @example
 * const wrong = { where: 'steps', expected: 'n > 0', actual: '0', hint: 'take at least one' }
 * const refused = fail('ConfigError', wrong)
 * isLeft(refused) && refused.left._tag // → 'ConfigError'
 */
export const fail = decoding('fail', explained, errors.fail);

/**
 * Throws an error value as a {@link ThrownError}, for functions that build a graph. {@link attempt}, and so `compile`,
 * returns it as a value.
 * @example
 * const wrong = { where: 'half', expected: 'an even extent', actual: '7', hint: 'pad it' }
 * const refused = attempt(() => raise('ShapeError', wrong))
 * isLeft(refused) && refused.left._tag // → 'ShapeError'
 */
export const raise = demanding('raise', explained, errors.raise);

/**
 * Runs a function that builds a graph. A raised error becomes a `Left`; other exceptions are defects and are rethrown.
 * @example
 * const images = zeros(8, 28, 28, 1)
 * unwrap(attempt(() => dims(reshape(images, 8, -1)))) // → [8, 784]
 * const wrong = attempt(() => reshape(images, Number('9'), -1))
 * isLeft(wrong) && wrong.left._tag // → 'ShapeError'
 */
export const attempt = decoding(
  'attempt',
  { build: callback('a function that builds a graph', 'write attempt(() => …)') },
  errors.attempt,
);
