/** Operations that move elements: slices and padding. */
import type { Attributes } from '../../../dsl/graph/node.js';
import { sizeOf } from '../../../internal/numbers.js';
import type { Tensor } from './engine.js';
import type { Operations } from './operations.js';

type Shape = readonly number[];

/** Slices every `stride`-th element from `start` on, with the result `shape`. */
export const sliceOf =
  (ops: Operations, { start, strides }: Attributes['slice'], shape: Shape) =>
  (x: Tensor): Tensor =>
    strides.every((stride) => stride === 1)
      ? ops.slice(x, start, shape)
      : ops.stridedSlice(
          x,
          start,
          start.map((first, i) => first + (shape[i]! - 1) * strides[i]! + 1),
          strides,
        );

/** Inserts `count` values between neighbours along an axis. */
const spread = (ops: Operations, x: Tensor, axis: number, count: number, value: number): Tensor => {
  const extent = x.shape[axis]!;
  if (count === 0 || extent < 2) return x;
  const outer = sizeOf(x.shape.slice(0, axis));
  const inner = sizeOf(x.shape.slice(axis + 1));
  const rows = ops.reshape(x, [outer * extent, 1, inner]);
  const followed = ops.padded(rows, [[0, 0], [0, count], [0, 0]], value); // oxfmt-ignore
  const all = ops.reshape(followed, [outer, extent * (1 + count), inner]);
  const length = extent + (extent - 1) * count;
  return ops.reshape(
    ops.slice(all, [0, 0, 0], [outer, length, inner]),
    x.shape.map((d, i) => (i === axis ? length : d)),
  );
};

/** Pads before, after and between the elements. */
export const padOf =
  (ops: Operations, { low, high, interior, value }: Attributes['pad']) =>
  (x: Tensor): Tensor =>
    ops.padded(
      interior.reduce((y, count, axis) => spread(ops, y, axis, count, value), x),
      low.map((before, axis) => [before, high[axis]!] as const),
      value,
    );
