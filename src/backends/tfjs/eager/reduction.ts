import type { ReduceFn } from '../../../dsl/node.js';
import type { NumberType } from '../../../dsl/region.js';
import type { Tensor } from './engine.js';
import type { Operations } from './operations.js';

type Reduction = (x: Tensor, axes: readonly number[]) => Tensor;

/** A kernel may pass NaN by in looking for the greatest: whether there is any is looked for by itself. */
const withNaN =
  (ops: Operations, reduction: Reduction): Reduction =>
  (x, axes) =>
    ops.replaced(ops.any(ops.isNaN(x), axes), NaN, reduction(x, axes));

export const reductionOf = (ops: Operations, fn: ReduceFn, dtype: NumberType): Reduction => {
  if (fn === 'sum') return ops.sum;
  if (fn === 'prod') return ops.prod;
  const reduction = fn === 'max' ? ops.max : ops.min;
  return dtype === 'float32' ? withNaN(ops, reduction) : reduction;
};

/**
 * The first of the greatest. TensorFlow does not say which of equal ones its own kernel gives: here it is the least
 * position of what equals the greatest. NaN is greater than nothing, and one that comes first stays.
 */
export const argmaxOf =
  (ops: Operations, axis: number) =>
  (x: Tensor): Tensor => {
    const { shape } = x;
    const extent = shape[axis]!;
    const along = shape.map((_, i) => (i === axis ? extent : 1));
    const alone = shape.map((d, i) => (i === axis ? 1 : d));
    const kept = shape.filter((_, i) => i !== axis);
    const nothing = x.dtype === 'float32' ? ops.isNaN(x) : null;
    const numbers = nothing === null ? x : ops.replaced(nothing, -Infinity, x);
    const greatest = ops.reshape(ops.max(numbers, [axis]), alone);
    // in float32: TensorFlow's GPUs leave whole numbers to the host
    const positions = ops.positions(along);
    const found = ops.select(
      ops.equal(numbers, greatest),
      ops.tile(positions, shape),
      ops.full(extent, shape, 'float32'),
    );
    const first = ops.min(found, [axis]);
    if (nothing === null) return ops.cast(first, 'int32');
    const begins = ops.reshape(
      ops.slice(
        nothing,
        shape.map(() => 0),
        alone,
      ),
      kept,
    );
    return ops.cast(ops.replaced(begins, 0, first), 'int32');
  };
