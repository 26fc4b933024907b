/** What an extent is: a number of elements. */
import { raise, showShape } from '../errors.js';

/** Whether a number can be an extent. */
export const isExtent = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;

/** The extents themselves; raises `ShapeError` where one of them counts nothing. */
export const extents = (where: string, shape: readonly number[]): readonly number[] =>
  shape.every(isExtent)
    ? shape
    : raise('ShapeError', {
        where,
        expected: 'integers ≥ 0',
        actual: showShape(shape),
        hint: 'extents count elements',
      });
