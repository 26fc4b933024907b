/** Checks extents at run time. */
import { raise, showShape } from '../../internal/errors.js';

/** Tests if a number is an extent: a safe integer ≥ 0. */
export const isExtent = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;

/** Returns the extents. Raises `ShapeError` if one of them is invalid. */
export const extents = (where: string, shape: readonly number[]): readonly number[] =>
  shape.every(isExtent)
    ? shape
    : raise('ShapeError', {
        where,
        expected: 'integers ≥ 0',
        actual: showShape(shape),
        hint: 'extents count elements',
      });
