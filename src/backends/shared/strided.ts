/** Strided tensors. The address of an element is `offset + Σ index·stride`, in elements. */
import { denseStrides } from '../../dsl/compile/lower/loops.js';

/** The position of a tensor in an array: the offset of its first element, and its strides. */
export interface Layout {
  readonly offset: number;
  readonly strides: readonly number[];
}

export const dense = (shape: readonly number[]): Layout => ({ offset: 0, strides: denseStrides(shape) });

/** The position of each element of `shape` in its reduction over `axes`, which is dense. */
export const reduced = (shape: readonly number[], axes: readonly number[]): Layout => {
  const strides = [...denseStrides(shape.filter((_, axis) => !axes.includes(axis)))];
  return { offset: 0, strides: shape.map((_, axis) => (axes.includes(axis) ? 0 : strides.shift()!)) };
};

/**
 * Visits the rows of `shape`, along its last axis of more than one element, with the address of their first element and their stride
 * in two layouts.
 */
const walkRows = (
  shape: readonly number[],
  from: Layout,
  to: Layout,
  visit: (read: number, write: number, readStep: number, writeStep: number, count: number) => void,
): void => {
  const last = shape.findLastIndex((extent) => extent !== 1);
  if (last < 0) return visit(from.offset, to.offset, 0, 0, 1);
  const along = (axis: number, read: number, write: number): void => {
    const [readStep, writeStep] = [from.strides[axis]!, to.strides[axis]!];
    if (axis === last) visit(read, write, readStep, writeStep, shape[axis]!);
    else for (let i = 0; i < shape[axis]!; i++) along(axis + 1, read + i * readStep, write + i * writeStep);
  };
  along(0, from.offset, to.offset);
};

/** Visits the indices of `shape` in row-major order, with the address of each element in two layouts. */
export const walk = (
  shape: readonly number[],
  from: Layout,
  to: Layout,
  visit: (read: number, write: number) => void,
): void =>
  walkRows(shape, from, to, (read, write, readStep, writeStep, count) => {
    for (let i = 0; i < count; i++) visit(read + i * readStep, write + i * writeStep);
  });

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
  walkRows(shape, from, to, (read, write, readStep, writeStep, count) => {
    for (let i = 0; i < count; i++) target[write + i * writeStep] = source[read + i * readStep]!;
  });
