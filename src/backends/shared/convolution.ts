/**
 * One representation of all convolution anchors, on strided views, and their split into convolutions without groups.
 */
import { filterGradientPadding } from '../../dsl/composites/index.js';
import type { ConvAttributes } from '../../dsl/graph/node.js';
import type { View } from '../../dsl/plan/plan.js';
import type { AnchorCall } from './anchors.js';

/** `output[B, H', W', D] = image[B, H, W, C] ∗ kernel[KH, KW, C, D]`. All three views may be strided. */
export interface Convolution {
  readonly image: View;
  readonly kernel: View;
  readonly output: View;
  readonly attributes: ConvAttributes;
}

const permuted = (view: View, permutation: readonly number[]): View => ({
  ...view,
  shape: permutation.map((axis) => view.shape[axis]!),
  strides: permutation.map((axis) => view.strides[axis]!),
});

/** Slices a view along one axis: `extent` elements from `start`. */
const slicedTo = (view: View, axis: number, start: number, extent: number): View => ({
  ...view,
  offset: view.offset + start * view.strides[axis]!,
  shape: view.shape.map((full, i) => (i === axis ? extent : full)),
});

/**
 * Expresses an anchor as a convolution, or returns null. A filter gradient is a convolution with batch and channels
 * swapped, strides and kernel dilation swapped, and groups and batch groups swapped.
 */
export const convolutionOf = ({ anchor, inputs, output }: AnchorCall): Convolution | null => {
  const [image, other] = inputs as readonly [View, View];
  if (anchor.op === 'conv2d') return { image, kernel: other, output, attributes: anchor.attributes };
  if (anchor.op !== 'filterGradient') return null;
  const c = anchor.attributes;
  const axis = (a: 0 | 1): readonly [number, number] =>
    filterGradientPadding(image.shape[1 + a]!, output.shape[a]!, other.shape[1 + a]!, a, c);
  return {
    image: permuted(image, [3, 1, 2, 0]),
    kernel: permuted(other, [1, 2, 0, 3]),
    output: permuted(output, [2, 0, 1, 3]),
    attributes: {
      strides: c.rhsDilation,
      rhsDilation: c.strides,
      lhsDilation: c.lhsDilation,
      padding: [axis(0), axis(1)],
      groups: c.batchGroups,
      batchGroups: c.groups,
    },
  };
};

/** Splits a convolution by its groups into convolutions with one group each. */
export const partsOf = ({ image, kernel, output, attributes }: Convolution): readonly Convolution[] => {
  const { groups, batchGroups } = attributes;
  const count = groups * batchGroups; // one of the two numbers of groups is 1
  const [images, channels, features] = [image.shape[0]! / batchGroups, kernel.shape[2]!, kernel.shape[3]! / count];
  return Array.from({ length: count }, (_, part) => ({
    image: groups > 1 ? slicedTo(image, 3, part * channels, channels) : slicedTo(image, 0, part * images, images),
    kernel: slicedTo(kernel, 3, part * features, features),
    output: slicedTo(output, 3, part * features, features),
    attributes: { ...attributes, groups: 1, batchGroups: 1 },
  }));
};
