import { type Node, operandOf } from '../../graph/node.js';
import { loweringAs } from '../../primitives/rules/table.js';
import { isMovement } from './classes.js';
import { denseStrides } from './loops.js';

/** A node as a strided view of the buffer of `base`. */
export interface NodeView {
  readonly base: Node;
  readonly offset: number;
  readonly strides: readonly number[];
}

/**
 * Expresses a node as a strided view of a stored node, through movements. Null if strides cannot express it, as for a
 * reshape across a transposed, cropped or repeated axis.
 */
export const viewOf = (n: Node, isStored: (n: Node) => boolean): NodeView | null => {
  if (isStored(n) || !isMovement(n)) return { base: n, offset: 0, strides: denseStrides(n.shape) };
  const x = operandOf(n);
  const view = viewOf(x, isStored);
  if (view === null) return null;
  const index = loweringAs(n, 'movement')?.index ?? 'same';
  if (index === 'same') return view;
  if (index === 'regrouped') {
    const regrouped = reshapedStrides(x.shape, view.strides, n.shape);
    return regrouped === null ? null : { ...view, strides: regrouped };
  }
  // a step along an axis of n moves along each axis of x whose index depends on that axis
  const { axes, scales, offsets } = index(n);
  const strides = n.shape.map(() => 0);
  let { offset } = view;
  view.strides.forEach((stride, a) => {
    const axis = axes === undefined ? a : axes[a]!;
    if (offsets !== undefined) offset += offsets[a]! * stride;
    if (axis !== null) strides[axis]! += scales === undefined ? stride : scales[a]! * stride;
  });
  return { base: view.base, offset, strides };
};

/** The strides of a reshaped view; null if there are none. */
const reshapedStrides = (
  from: readonly number[],
  strides: readonly number[],
  to: readonly number[],
): readonly number[] | null => {
  // skip axes of extent 1, and merge runs of axes that are dense in each other
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

/** True if strides are row-major without gaps. Strides of axes with extent 1 are ignored. */
export const isDense = (shape: readonly number[], strides: readonly number[]): boolean =>
  shape.includes(0) || denseStrides(shape).every((stride, axis) => shape[axis] === 1 || stride === strides[axis]);
