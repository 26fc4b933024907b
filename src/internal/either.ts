/** Tests of values from JavaScript or through casts. */
import { show } from './decode.js';

/** Tests for an object with a tag. */
export const isTagged = (x: unknown, tag: string): boolean =>
  typeof x === 'object' && x !== null && '_tag' in x && x._tag === tag;

/** Tests for an Either. JavaScript callers may pass one in place of its value. */
export const isEither = (x: unknown): boolean => isTagged(x, 'Left') || isTagged(x, 'Right');

/** Describes a value for errors. */
export const kindOf = (x: unknown): string => {
  if (isEither(x)) return 'an Either';
  return x instanceof Promise ? 'a promise' : show(x);
};
