/** Results and other values from JavaScript, or through casts. */
import { show } from './decode.js';

const isObject = (x: unknown): x is object => typeof x === 'object' && x !== null;

/** Tests for an Either. JavaScript callers may pass one in place of its value. */
export const isEither = (x: unknown): boolean =>
  isObject(x) && '_tag' in x && (x._tag === 'Left' || x._tag === 'Right');

/** Names what a value is, for errors. */
export const kindOf = (x: unknown): string => {
  if (isEither(x)) return 'an Either';
  return x instanceof Promise ? 'a promise' : show(x);
};
