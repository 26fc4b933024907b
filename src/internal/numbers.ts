/** Tests if n is a whole number ≥ 1 that divides another. */
export const isDivisor = (n: number, of: number): boolean => Number.isInteger(n) && n >= 1 && of % n === 0;

/** The sum of numbers, in their order: 0 for none. */
export const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0);

/** The number of elements of a shape: 1 for a scalar. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, extent) => size * extent, 1);

/** Advice about numbers that are not those of images. */
export const TO_UNIT = 'scale the numbers to [-1, 1]; bytes by byte/127.5 - 1';
