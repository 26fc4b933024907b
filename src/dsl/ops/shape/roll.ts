import { dual } from '../../dual.js';
import { axisOf, concat } from '../../primitives/index.js';
import { sliceAlong } from './slicing.js';
import type { Having } from '../../types/shape.js';
import { type AnyTensor, type DType, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';

/** See {@link roll}. */
interface Roll {
  <const A extends number>(
    axis: A,
    by: number,
  ): <S extends Shape, D extends DType>(x: Tensor<S, D>) => Tensor<Having<S, [A]>, D>;
  <S extends Shape, D extends DType, const A extends number>(
    x: Tensor<S, D>,
    axis: A,
    by: number,
  ): Tensor<Having<S, [A]>, D>;
}

/**
 * Shifts the elements of an axis by `by` places toward its end; the last ones move to the front. A negative `by` shifts
 * toward the front.
 *
 * @example
 * roll(iota(5), 0, 2) // → [3, 4, 0, 1, 2]
 * roll(iota(5), 0, -1) // → [1, 2, 3, 4, 0]
 */
export const roll: Roll = dual('roll', 3, (x: AnyTensor, axis: number, by: number) => {
  const n = nodeOf(x);
  const at = axisOf('roll', n, axis);
  const extent = n.shape[at]!;
  const shift = extent === 0 ? 0 : ((by % extent) + extent) % extent;
  if (shift === 0) return tensor(n);
  return tensor(concat([sliceAlong(n, at, extent - shift, shift), sliceAlong(n, at, 0, extent - shift)], at));
});
