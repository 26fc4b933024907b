import { type Node } from '../node.js';
import { isMovement } from './classes.js';
import { denseStrides } from './loops.js';

/** A node as strides over the buffer of `base`. */
export interface NodeView {
  readonly base: Node;
  readonly offset: number;
  readonly strides: readonly number[];
}

/**
 * Sees a node through its movements as a strided view of a stored node; null where strides cannot
 * express it (a reshape across a transposed, cropped or repeated axis).
 */
export const viewOf = (n: Node, isStored: (n: Node) => boolean): NodeView | null => {
  if (isStored(n) || !isMovement(n)) return { base: n, offset: 0, strides: denseStrides(n.shape) };
  const x = n.inputs[0]!;
  const view = viewOf(x, isStored);
  if (view === null) return null;
  const { base, offset, strides } = view;
  switch (n.op) {
    case 'transpose':
      return { base, offset, strides: n.attributes.permutation.map((axis) => strides[axis]!) };
    case 'broadcast':
      return { base, offset, strides: n.shape.map((d, axis) => (d === x.shape[axis] ? strides[axis]! : 0)) };
    case 'slice': {
      const { start, strides: steps } = n.attributes;
      return {
        base,
        offset: start.reduce((sum, s, axis) => sum + s * strides[axis]!, offset),
        strides: strides.map((s, axis) => s * steps[axis]!),
      };
    }
    case 'flip': {
      const { axes } = n.attributes;
      return {
        base,
        offset: axes.reduce((sum, axis) => sum + (x.shape[axis]! - 1) * strides[axis]!, offset),
        strides: strides.map((s, axis) => (axes.includes(axis) ? -s : s)),
      };
    }
    case 'reshape': {
      const regrouped = reshapedStrides(x.shape, strides, n.shape);
      return regrouped === null ? null : { base, offset, strides: regrouped };
    }
    case 'barrier':
    case 'stopGradient':
      return view;
  }
};

/** Strides of the same elements in another shape; null where there are none. */
const reshapedStrides = (
  from: readonly number[],
  strides: readonly number[],
  to: readonly number[],
): readonly number[] | null => {
  // axes of extent 1 do not matter; runs of axes that lie densely in each other are one axis
  const runs: { extent: number; stride: number }[] = [];
  from.forEach((extent, axis) => {
    if (extent === 1) return;
    const last = runs.at(-1);
    if (last !== undefined && last.stride === strides[axis]! * extent) {
      last.extent *= extent;
      last.stride = strides[axis]!;
    } else runs.push({ extent, stride: strides[axis]! });
  });
  const result: number[] = [];
  let run = runs.shift() ?? { extent: 1, stride: 1 };
  for (const extent of to) {
    if (extent === 1) {
      result.push(0);
      continue;
    }
    if (run.extent === 1) run = runs.shift() ?? { extent: 1, stride: 1 };
    if (run.extent % extent !== 0) return null;
    run.extent /= extent;
    result.push(run.stride * run.extent);
  }
  return result;
};

/** Whether strides are row-major without gaps. */
export const isDense = (shape: readonly number[], strides: readonly number[]): boolean => {
  const dense = denseStrides(shape);
  return shape.every((d, axis) => d === 1 || strides[axis] === dense[axis]);
};
