import type { Node, NodeOf } from '../node.js';
import { broadcast, flip, pad, reduceKeeping, reshape, slice, transpose } from '../primitives/index.js';
import type { Rule } from './elementwise.js';

export const reshapeRule: Rule<NodeOf<'reshape'>> = ({ inputs: [x] }, g) => [reshape(g, x!.shape)];

export const transposeRule: Rule<NodeOf<'transpose'>> = ({ attributes: { permutation } }, g) => [
  transpose(
    g,
    permutation.map((_, axis) => permutation.indexOf(axis)),
  ),
];

export const broadcastRule: Rule<NodeOf<'broadcast'>> = ({ inputs: [x], shape }, g) => [
  reduceKeeping(
    'sum',
    g,
    shape.flatMap((d, axis) => (d === x!.shape[axis] ? [] : [axis])),
  ),
];

/** Back to where the slice came from: low, high and in-between zeros. */
export const sliceRule: Rule<NodeOf<'slice'>> = (
  { inputs: [x], shape, attributes: { start, strides } },
  g,
) => [
  pad(
    g,
    start,
    x!.shape.map((d, i) => d - start[i]! - (shape[i] === 0 ? 0 : (shape[i]! - 1) * strides[i]! + 1)),
    strides.map((s) => s - 1),
  ),
];

export const flipRule: Rule<NodeOf<'flip'>> = ({ attributes: { axes } }, g) => [flip(g, axes)];

export const padRule: Rule<NodeOf<'pad'>> = ({ inputs: [x], attributes: { low, interior } }, g) => [
  slice(
    g,
    low,
    x!.shape,
    interior.map((i) => i + 1),
  ),
];

export const concatRule: Rule<NodeOf<'concat'>> = ({ inputs, attributes: { axis } }, g) => {
  const offsets = inputs.map((_, i) => inputs.slice(0, i).reduce((sum, x) => sum + x.shape[axis]!, 0));
  return inputs.map((x, i) =>
    slice(
      g,
      x.shape.map((_, a) => (a === axis ? offsets[i]! : 0)),
      x.shape,
    ),
  );
};

/** The inverse of reducing: axes come back by repetition. */
export const unreduce = (g: Node, shape: readonly number[], axes: readonly number[]): Node =>
  broadcast(
    reshape(
      g,
      shape.map((d, axis) => (axes.includes(axis) ? 1 : d)),
    ),
    shape,
  );
