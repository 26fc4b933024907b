/** Tables that a loop fills step by step. */
import { broadcastLike, dims, equal, iota, reshape, type Shape, type Tensor, where } from '../dsl/index.js';

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
  const shape = dims<Tensor<Shape>>(table);
  const isHere = reshape(equal(iota(shape[axis]!), index), ...shape.map((extent, i) => (i === axis ? extent : 1)));
  const row = reshape(slice, ...shape.map((extent, i) => (i === axis ? 1 : extent)));
  return where(broadcastLike(isHere, table), broadcastLike(row, table), table);
};
