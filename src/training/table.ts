/** Tables that a loop fills step by step. */
import { broadcastTo, dims, equal, iota, reshape, type Shape, type Tensor, where } from '../dsl/index.js';

/**
 * A table with `slice` written at position `index` of an axis.
 *
 * @param slice - of the shape of the table without that axis
 */
export const withSlice = <S extends Shape>(
  table: Tensor<S>,
  axis: number,
  index: Tensor<[], 'int32'>,
  slice: Tensor<Shape>,
): Tensor<S> => {
  const shape = dims(table as Tensor<Shape>);
  const isHere = reshape(equal(iota(shape[axis]!), index), ...shape.map((extent, i) => (i === axis ? extent : 1)));
  const row = reshape(slice, ...shape.map((extent, i) => (i === axis ? 1 : extent)));
  const filled = where(broadcastTo(isHere, ...shape), broadcastTo(row, ...shape), table as Tensor<Shape>);
  return filled as Tensor<Shape> as Tensor<S>; // all three have the shape of the table
};
