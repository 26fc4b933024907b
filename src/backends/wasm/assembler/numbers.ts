/** Bytes of an element, whatever its dtype, and of a word of a tape. */
export const WORD_BYTES = 4;

/** Lists the integers from 0 to `length` − 1. */
export const range = (length: number): readonly number[] => Array.from({ length }, (_, index) => index);
