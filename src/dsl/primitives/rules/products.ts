import { filterGradient } from '../../composites/filterGradient.js';
import { type ConvAttributes, extentAt, type Node, type NodeOf } from '../../graph/node.js';
import { flip, moveAxis, reshape, spread, transpose, transposed, zerosLike } from '../movement.js';
import type { Operand, Rules } from '../primitive.js';
import { conv2d, dilated, dot, fourOf } from '../products.js';

/** The cotangent of the image: a convolution with the flipped kernel. Strides become input dilations. */
const imageGradient = (image: Node, kernel: Node, g: Node, c: ConvAttributes): Node => {
  const [B, H, W] = fourOf(image);
  const [KH, KW, I, D] = fourOf(kernel);
  const padding = (axis: 0 | 1): readonly [number, number] => {
    const tap = dilated(extentAt(kernel, axis), c.rhsDilation[axis]);
    const low = tap - 1 - c.padding[axis][0];
    const extent = dilated(extentAt(image, 1 + axis), c.lhsDilation[axis]);
    return [low, extent + tap - 1 - dilated(extentAt(g, 1 + axis), c.strides[axis]) - low];
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

type Convolution = NodeOf<'conv2d'>;
type Batching = (n: Convolution, image: Operand, kernel: Operand, extent: number) => Node;

/** The batching rule for a shared kernel: the examples become more images in each group of the batch. */
const manyImages: Batching = ({ shape, attributes }, image, kernel, extent) => {
  const { batchGroups } = attributes;
  const [B, ...rest] = image.node.shape.slice(1) as [number, number, number, number];
  const split = reshape(image.node, [extent, batchGroups, B / batchGroups, ...rest]);
  const images = reshape(moveAxis(split, 0, 1), [extent * B, ...rest]);
  return reshape(conv2d(images, kernel.node, attributes), [extent, ...shape]);
};

/** The batching rule for a shared image: the examples become more output channels in each group. */
const manyKernels: Batching = ({ shape, attributes }, image, kernel, extent) => {
  const groups = attributes.groups * attributes.batchGroups; // one of the two numbers of groups is 1
  const [KH, KW, I, D] = kernel.node.shape.slice(1) as [number, number, number, number];
  const split = reshape(kernel.node, [extent, KH, KW, I, groups, D / groups]);
  const kernels = reshape(moveAxis(split, 0, 4), [KH, KW, I, extent * D]);
  const convolved = conv2d(image.node, kernels, attributes);
  const apart = reshape(convolved, [...shape.slice(0, 3), groups, extent, D / groups]);
  return reshape(moveAxis(apart, 4, 0), [extent, ...shape]);
};

/**
 * The batching rule if each example has its own kernel: the examples become groups, of the channels if there are
 * channel groups, otherwise of the batch.
 */
const pairs: Batching = ({ shape, attributes }, image, kernel, extent) => {
  const [B, H, W, C] = image.node.shape.slice(1) as [number, number, number, number];
  const [KH, KW, I, D] = kernel.node.shape.slice(1) as [number, number, number, number];
  const kernels = reshape(moveAxis(kernel.node, 0, 3), [KH, KW, I, extent * D]);
  const { groups, batchGroups } = attributes;
  const [images, grouping] =
    groups > 1
      ? [reshape(moveAxis(image.node, 0, 3), [B, H, W, extent * C]), { groups: extent * groups }]
      : [reshape(image.node, [extent * B, H, W, C]), { batchGroups: extent * batchGroups }];
  const convolved = conv2d(images, kernels, { ...attributes, ...grouping });
  return moveAxis(reshape(convolved, [...shape.slice(0, 3), extent, D]), 3, 0);
};

export const productRules: Rules<'dot' | 'conv2d'> = {
  dot: {
    rebuild: ({ inputs: [a, b] }) => dot(a, b),
    derivative: ({ inputs: [a, b] }, g) => [dot(g, transposed(b)), dot(transposed(a), g)],
    // if the matrices are the same for all examples, one product multiplies the rows of all
    vmap: ({ shape, inputs }, [a, b], extent) => {
      if (b.mapped) return dot(spread(a, extent), b.node);
      const [batch, [m, k]] = [shape.slice(0, -2), inputs[0].shape.slice(-2) as [number, number]];
      const rows = reshape(moveAxis(a.node, 0, batch.length), [...batch, extent * m, k]);
      const product = reshape(dot(rows, b.node), [...batch, extent, m, shape.at(-1)!]);
      return moveAxis(product, batch.length, 0);
    },
    ofNothing: zerosLike, // an empty sum
    lowering: { class: 'anchor', anchor: () => ({ op: 'dot' }) },
  },
  conv2d: {
    rebuild: ({ inputs: [image, kernel], attributes }) => conv2d(image, kernel, attributes),
    derivative: ({ inputs: [image, kernel], attributes }, g) => {
      const [KH, KW] = fourOf(kernel);
      return [imageGradient(image, kernel, g, attributes), filterGradient(image, g, { attributes, kernel: [KH, KW] })];
    },
    vmap: (n, [image, kernel], extent) => {
      const rule = !kernel.mapped ? manyImages : image.mapped ? pairs : manyKernels;
      return rule(n, image, kernel, extent);
    },
    ofNothing: zerosLike, // an empty sum
    lowering: { class: 'anchor', anchor: ({ attributes }) => ({ op: 'conv2d', attributes }) },
  },
};
