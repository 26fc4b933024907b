/** Strides: one number of elements for each axis, by which an index becomes an address. */
import { denseStrides } from '../../dsl/lower/loops.js';

/** Whether strides are those of a dense tensor, as far as they matter (an axis of extent 1 has none). */
export const isDense = (shape: readonly number[], strides: readonly number[]): boolean =>
  shape.includes(0) ||
  denseStrides(shape).every((stride, axis) => shape[axis] === 1 || stride === strides[axis]);

/** A place in an array: where the element of index 0 lies, and the strides from there. */
export interface Layout {
  readonly offset: number;
  readonly strides: readonly number[];
}

export const dense = (shape: readonly number[]): Layout => ({ offset: 0, strides: denseStrides(shape) });

/** Visits the elements of a tensor of `shape` in row-major order, with their addresses in two layouts. */
export const walk = (
  shape: readonly number[],
  from: Layout,
  to: Layout,
  visit: (read: number, write: number) => void,
): void => {
  const along = (axis: number, read: number, write: number): void => {
    if (axis === shape.length) return visit(read, write);
    for (let i = 0; i < shape[axis]!; i++)
      along(axis + 1, read + i * from.strides[axis]!, write + i * to.strides[axis]!);
  };
  along(0, from.offset, to.offset);
};

interface Writable {
  [index: number]: number;
}

/** Copies a tensor of `shape` from one layout to another. */
export const copyStrided = (
  shape: readonly number[],
  source: ArrayLike<number>,
  from: Layout,
  target: Writable,
  to: Layout,
): void =>
  walk(shape, from, to, (read, write) => {
    target[write] = source[read]!;
  });
