import { raise, showShape } from '../errors.js';
import { isExtent } from '../extent.js';
import { type Node, node, sizeOf, whereOf } from '../node.js';
import { heldBy } from './dtype.js';

const bad = (op: string, n: Node, expected: string, actual: string, hint: string): never =>
  raise('ShapeError', { where: whereOf(op, [n]), expected, actual, hint });

/** Counts a negative axis from the end. */
export const axisOf = (op: string, x: Node, axis: number): number => {
  const resolved = axis < 0 ? axis + x.shape.length : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= x.shape.length)
    bad(
      op,
      x,
      `an axis of ${showShape(x.shape)}`,
      `${axis}`,
      `give an integer from ${-x.shape.length} to ${x.shape.length - 1}`,
    );
  return resolved;
};

const sameExtents = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

export const reshape = (x: Node, shape: readonly number[]): Node => {
  if (sizeOf(shape) !== sizeOf(x.shape))
    bad(
      'reshape',
      x,
      `${sizeOf(x.shape)} elements, as in ${showShape(x.shape)}`,
      `${sizeOf(shape)} in ${showShape(shape)}`,
      'give a shape of as many elements',
    );
  return sameExtents(shape, x.shape) ? x : node('reshape', [x], {}, shape, x.dtype);
};

export const transpose = (x: Node, permutation: readonly number[]): Node => {
  const axes = permutation.map((axis) => axisOf('transpose', x, axis));
  if (axes.length !== x.shape.length || new Set(axes).size !== axes.length)
    bad(
      'transpose',
      x,
      `a permutation of ${x.shape.length} axes`,
      showShape(permutation),
      'name each axis once',
    );
  if (axes.every((axis, i) => axis === i)) return x;
  return node(
    'transpose',
    [x],
    { permutation: axes },
    axes.map((axis) => x.shape[axis]!),
    x.dtype,
  );
};

/** Repeats axes of extent 1; the rank stays. */
export const broadcast = (x: Node, shape: readonly number[]): Node => {
  if (shape.length !== x.shape.length || shape.some((d, i) => d !== x.shape[i] && x.shape[i] !== 1))
    bad(
      'broadcast',
      x,
      `a shape that ${showShape(x.shape)} fills by repeating its axes of 1`,
      showShape(shape),
      shape.length === x.shape.length
        ? 'its other axes must be equal'
        : 'insert axes with expandDims or reshape first',
    );
  return sameExtents(shape, x.shape) ? x : node('broadcast', [x], {}, shape, x.dtype);
};

/** `size[i]` elements from `start[i]` in steps of `strides[i]` (positive). */
export const slice = (
  x: Node,
  start: readonly number[],
  size: readonly number[],
  strides: readonly number[] = start.map(() => 1),
): Node => {
  const fits =
    start.length === x.shape.length && size.length === start.length && strides.length === start.length &&
    [...start, ...size, ...strides].every(isExtent) &&
    x.shape.every((d, i) => strides[i]! > 0 && (size[i] === 0 || start[i]! + (size[i]! - 1) * strides[i]! < d)); // prettier-ignore
  if (!fits)
    bad(
      'slice',
      x,
      `a box of whole elements inside ${showShape(x.shape)}`,
      `start ${showShape(start)}, size ${showShape(size)}, strides ${showShape(strides)}`,
      'keep start + (size - 1)·stride below the extent',
    );
  return sameExtents(size, x.shape) ? x : node('slice', [x], { start, strides }, size, x.dtype);
};

export const flip = (x: Node, axes: readonly number[]): Node => {
  const resolved = axes.map((axis) => axisOf('flip', x, axis)).filter((axis) => x.shape[axis]! > 1);
  return resolved.length === 0 ? x : node('flip', [x], { axes: resolved }, x.shape, x.dtype);
};

export const pad = (
  x: Node,
  low: readonly number[],
  high: readonly number[],
  interior: readonly number[] = low.map(() => 0),
  value = 0,
): Node => {
  const all = [...low, ...high, ...interior];
  if (all.length !== 3 * x.shape.length || !all.every(isExtent))
    bad(
      'pad',
      x,
      `counts ≥ 0 for ${x.shape.length} axes`,
      `low ${showShape(low)}, high ${showShape(high)}, interior ${showShape(interior)}`,
      'use slice to crop',
    );
  if (all.every((p) => p === 0)) return x;
  const filling = heldBy('pad', x.dtype, Float64Array.of(value))[0]!;
  const shape = x.shape.map((d, i) => low[i]! + d + Math.max(0, d - 1) * interior[i]! + high[i]!);
  return node('pad', [x], { low, high, interior, value: filling }, shape, x.dtype);
};

export const concat = (parts: readonly Node[], axis: number): Node => {
  const first =
    parts[0] ??
    raise('ShapeError', {
      where: 'concat',
      expected: 'at least one tensor',
      actual: 'none',
      hint: 'pass the tensors to join',
    });
  const along = axisOf('concat', first, axis);
  for (const part of parts) {
    if (
      part.shape.length !== first.shape.length ||
      part.shape.some((d, i) => i !== along && d !== first.shape[i])
    )
      bad(
        'concat',
        part,
        `${showShape(first.shape)} but for axis ${along}`,
        showShape(part.shape),
        'all other axes must agree',
      );
    if (part.dtype !== first.dtype)
      raise('DTypeError', {
        where: whereOf('concat', [part]),
        expected: first.dtype,
        actual: part.dtype,
        hint: 'cast it first',
      });
  }
  if (parts.length === 1) return first;
  const shape = first.shape.map((d, i) => (i === along ? parts.reduce((sum, p) => sum + p.shape[i]!, 0) : d));
  return node('concat', parts, { axis: along }, shape, first.dtype);
};

/** Inserts axes of extent 1 so that `x` has them at the given places of the result. */
export const expandDims = (x: Node, axes: readonly number[]): Node => {
  const shape = [...x.shape];
  for (const axis of [...axes].sort((a, b) => a - b)) shape.splice(axis, 0, 1);
  return reshape(x, shape);
};
