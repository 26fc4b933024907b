import type { ReduceFn } from '../../../dsl/graph/node.js';
import type { NumberType } from '../../../dsl/graph/region.js';
import type { Tensor } from './engine.js';
import type { Operations } from './operations.js';

type Reduction = (x: Tensor, axes: readonly number[]) => Tensor;

/** Adds NaN propagation to a maximum or minimum: kernels may ignore NaN, so it is detected separately. */
const withNaN =
  (ops: Operations, reduction: Reduction): Reduction =>
  (x, axes) =>
    ops.replaced(ops.any(ops.isNaN(x), axes), NaN, reduction(x, axes));

/** The reduction of a dtype over axes, without keeping them. */
export const reductionOf = (ops: Operations, fn: ReduceFn, dtype: NumberType): Reduction => {
  if (fn === 'sum') return ops.sum;
  if (fn === 'prod') return ops.prod;
  const reduction = fn === 'max' ? ops.max : ops.min;
  return dtype === 'float32' ? withNaN(ops, reduction) : reduction;
};

/**
 * Index of the first maximum along an axis, as int32. TensorFlow does not specify which of several maxima its kernel
 * returns, so this computes the smallest index of an element that equals the maximum. NaN counts as ∞.
 */
export const argmaxOf =
  (ops: Operations, axis: number) =>
  (x: Tensor): Tensor => {
    const { shape } = x;
    const extent = shape[axis]!;
    const positionShape = shape.map((_, i) => (i === axis ? extent : 1));
    const unitShape = shape.map((d, i) => (i === axis ? 1 : d));
    const numbers = x.dtype === 'float32' ? ops.replaced(ops.isNaN(x), Infinity, x) : x;
    const greatest = ops.reshape(ops.max(numbers, [axis]), unitShape);
    // positions are float32, because TensorFlow runs int32 kernels on the host even with a GPU
    const positions = ops.positions(positionShape);
    const candidates = ops.select(
      ops.equal(numbers, greatest),
      ops.tile(positions, shape),
      ops.full(extent, shape, 'float32'),
    );
    return ops.cast(ops.min(candidates, [axis]), 'int32');
  };
