import { axisOf, concat, slice } from '../primitives/index.js';
import type { Having } from '../shape.js';
import { type DType, nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';

/**
 * The elements of an axis moved `by` places behind, the last ones to the front; to the other side where `by`
 * is negative.
 *
 * @example
 * pipe(iota(5), roll(0, 2)) // → [3, 4, 0, 1, 2]
 * pipe(iota(5), roll(0, -1)) // → [1, 2, 3, 4, 0]
 */
export const roll =
  <const A extends number>(axis: A, by: number) =>
  <S extends Shape, D extends DType>(x: Tensor<S, D>): Tensor<Having<S, [A]>, D> => {
    const n = nodeOf(x);
    const at = axisOf('roll', n, axis);
    const extent = n.shape[at]!;
    const part = (start: number, size: number) =>
      slice(
        n,
        n.shape.map((_, i) => (i === at ? start : 0)),
        n.shape.map((d, i) => (i === at ? size : d)),
      );
    const moved = extent === 0 ? 0 : ((by % extent) + extent) % extent;
    return tensor(moved === 0 ? n : concat([part(extent - moved, moved), part(0, extent - moved)], at));
  };
