/** Tests of values from JavaScript or through casts. */

/** Tests for an object with a tag. */
export const isTagged = (x: unknown, tag: string): boolean =>
  typeof x === 'object' && x !== null && '_tag' in x && x._tag === tag;

/** Tests for an Either. JavaScript callers may pass one in place of its value. */
export const isEither = (x: unknown): boolean => isTagged(x, 'Left') || isTagged(x, 'Right');

/** Tests for a result that holds a value, which a caller may pass in place of the value: an Either or a promise. */
export const isResultOf = (x: unknown): boolean => isEither(x) || x instanceof Promise;
