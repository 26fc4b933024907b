/** The functions about errors for callers outside, which check their arguments. Those of `internal/errors.ts` do not. */
import * as errors from '../internal/errors.js';
import { callback, list } from '../internal/parts.js';
import { decoding, demanding } from '../internal/takes.js';

export {
  errorIn,
  type ErrorTag,
  type Explanation,
  fail,
  failure,
  type NoisefoldError,
  raise,
  type ThrownError,
} from '../internal/errors.js';

/**
 * Formats a shape for error messages.
 * @example showShape(['B', 28, 28, 1]) // → '[B, 28, 28, 1]'
 */
export const showShape = demanding('showShape', { shape: list('a shape, such as [2, 3]') }, errors.showShape);

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
