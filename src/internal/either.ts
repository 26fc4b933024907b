/** Tests of values from JavaScript or through casts. */

/** Tests for an object with a tag. */
export const isTagged = (x: unknown, tag: string): boolean =>
  typeof x === 'object' && x !== null && '_tag' in x && x._tag === tag;

/** Tests for an Either. JavaScript callers may pass one in place of its value. */
export const isEither = (x: unknown): boolean => isTagged(x, 'Left') || isTagged(x, 'Right');

/** Tests for an Either or a promise, which a caller may pass in place of its value. */
export const isResultOf = (x: unknown): boolean => isEither(x) || x instanceof Promise;
