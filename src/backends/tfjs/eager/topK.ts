import type { Tensor } from './engine.js';
import type { Operations } from './operations.js';

/**
 * Positions of the k largest elements along the last axis, in descending order, as int32: it takes k times the first
 * maximum of the remaining elements. NaN counts as ∞.
 */
export const topKOf =
  (ops: Operations, k: number) =>
  (x: Tensor): Tensor => {
    const extent = x.shape.at(-1)!;
    const rows = x.size / extent;
    const [shape, column] = [[rows, extent], [rows, 1]]; // oxfmt-ignore
    const floats = ops.cast(ops.reshape(x, shape), 'float32');
    const numbers = ops.replaced(ops.isNaN(floats), Infinity, floats);
    const positions = ops.tile(ops.positions([1, extent]), shape);
    const places: Tensor[] = [];
    let isLeft = ops.full(1, shape, 'bool');
    for (let i = 0; i < k; i++) {
      const greatest = ops.reshape(ops.max(ops.replaced(ops.not(isLeft), -Infinity, numbers), [1]), column);
      const candidates = ops.select(
        ops.and(isLeft, ops.equal(numbers, greatest)),
        positions,
        ops.full(extent, shape, 'float32'),
      );
      const first = ops.reshape(ops.min(candidates, [1]), column);
      places.push(first);
      isLeft = ops.and(isLeft, ops.not(ops.equal(positions, first)));
    }
    return ops.cast(ops.reshape(ops.concat(places, 1), [...x.shape.slice(0, -1), k]), 'int32');
  };
