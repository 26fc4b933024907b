/** The number of elements of a shape: 1 for a scalar. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, extent) => size * extent, 1);
