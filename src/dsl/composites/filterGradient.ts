import type { Composite, CompositeOptions, ConvAttributes, Node, Two } from '../graph/node.js';
import { composite, conv2d, dilated, transpose } from '../primitives/index.js';

interface FilterGradientOptions extends CompositeOptions {
  /** The convolution whose kernel the gradient is for. */
  readonly attributes: ConvAttributes;
  readonly kernel: readonly [number, number];
}

/**
 * The padding, on one axis, of the convolution that computes the gradient of a kernel, so that each tap meets each
 * output pixel.
 */
export const filterGradientPadding = (
  image: number,
  kernel: number,
  output: number,
  axis: 0 | 1,
  c: ConvAttributes,
): readonly [number, number] => {
  const low = c.padding[axis][0];
  const tap = dilated(kernel, c.rhsDilation[axis]);
  return [low, dilated(output, c.strides[axis]) - dilated(image, c.lhsDilation[axis]) + tap - low - 1];
};

/** The gradient as a convolution whose batch axis is the channels and whose channels are the batch. */
const decompose = (image: Node, cotangent: Node, { attributes: c, kernel }: FilterGradientOptions): Node => {
  const axis = (a: 0 | 1) => filterGradientPadding(image.shape[1 + a]!, kernel[a], cotangent.shape[1 + a]!, a, c);
  // strides and kernel dilation are exchanged, and so are the two kinds of groups
  const gradient = conv2d(transpose(image, [3, 1, 2, 0]), transpose(cotangent, [1, 2, 0, 3]), {
    strides: c.rhsDilation,
    padding: [axis(0), axis(1)],
    lhsDilation: c.lhsDilation,
    rhsDilation: c.strides,
    groups: c.batchGroups,
    batchGroups: c.groups,
  });
  return transpose(gradient, [1, 2, 0, 3]); // [C, KH, KW, D] -> [KH, KW, C, D]
};

/** {@link filterGradient} without groups, for which a backend may have a kernel. */
export const filterGradientComposite: Composite<Two, FilterGradientOptions> = {
  name: 'filterGradient',
  decompose: ([image, cotangent], options) => decompose(image, cotangent, options),
  anchor: ({ attributes }) => ({ op: 'filterGradient', attributes }),
};

/**
 * The gradient of a convolution by its kernel, from image `[B, H, W, C]` and cotangent `[B, H', W', D]`:
 * `[KH, KW, C/groups, D]`. Returns a composite if there are no groups.
 */
export const filterGradient = (image: Node, cotangent: Node, options: FilterGradientOptions): Node => {
  const { groups, batchGroups } = options.attributes;
  return groups === 1 && batchGroups === 1
    ? composite(filterGradientComposite, [image, cotangent], options)
    : decompose(image, cotangent, options);
};
