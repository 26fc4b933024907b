import { filterGradient, filterGradientComposite, filterGradientOptions } from '../composites/index.js';
import type { ConvAttributes, Node, NodeOf } from '../node.js';
import { composite, conv2d, dilated, dot, flip, reshape, transpose } from '../primitives/index.js';
import type { Rule } from './elementwise.js';

const transposed = (x: Node): Node => {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
};

export const dotRule: Rule<NodeOf<'dot'>> = ({ inputs: [a, b] }, g) => [
  dot(g, transposed(b!)),
  dot(transposed(a!), g),
];

export const conv2dRule: Rule<NodeOf<'conv2d'>> = (y, g) => {
  const [image, kernel] = y.inputs as readonly [Node, Node];
  return [imageGradient(image, kernel, g, y.attributes), kernelGradient(image, kernel, g, y.attributes)];
};

/** The gradient by the image: a convolution with the flipped kernel; strides become input dilation. */
const imageGradient = (image: Node, kernel: Node, g: Node, c: ConvAttributes): Node => {
  const [B, H, W] = image.shape as readonly [number, number, number, number];
  const [KH, KW, I, D] = kernel.shape as readonly [number, number, number, number];
  const padding = (axis: 0 | 1): readonly [number, number] => {
    const tap = dilated(kernel.shape[axis]!, c.rhsDilation[axis]);
    const low = tap - 1 - c.padding[axis][0];
    return [
      low,
      dilated(image.shape[1 + axis]!, c.lhsDilation[axis]) +
        tap -
        1 -
        dilated(g.shape[1 + axis]!, c.strides[axis]) -
        low,
    ];
  };
  // each group (of channels or of the batch) sees its own output channels: [KH, KW, D/groups, groups·I]
  const groups = c.groups * c.batchGroups;
  const grouped = transpose(reshape(flip(kernel, [0, 1]), [KH, KW, I, groups, D / groups]), [0, 1, 4, 3, 2]);
  const gradient = conv2d(g, reshape(grouped, [KH, KW, D / groups, groups * I]), {
    strides: c.lhsDilation,
    padding: [padding(0), padding(1)],
    lhsDilation: c.strides,
    rhsDilation: c.rhsDilation,
    groups,
  });
  if (c.batchGroups === 1) return gradient;
  const split = reshape(gradient, [B / c.batchGroups, H, W, c.batchGroups, I]);
  return reshape(transpose(split, [3, 0, 1, 2, 4]), image.shape);
};

/** The gradient by the kernel: a composite that backends have kernels for, where there are no groups. */
const kernelGradient = (image: Node, kernel: Node, g: Node, c: ConvAttributes): Node => {
  const [KH, KW] = kernel.shape as readonly [number, number, number, number];
  const options = filterGradientOptions(c, [KH, KW]);
  return c.groups === 1 && c.batchGroups === 1
    ? composite(filterGradientComposite, [image, g], options)
    : filterGradient(image, g, options);
};
