import { raise, showShape } from '../../errors.js';
import { isExtent } from '../../types/extent.js';
import { type ConvAttributes, type Node, node, type NodeOf, whereOf } from '../../graph/node.js';
import { demandDType } from '../dtype.js';
import type { BatchBuild, Build, Operand, Primitive } from '../primitive.js';

const PLAIN: ConvAttributes = {
  strides: [1, 1], padding: [[0, 0], [0, 0]], lhsDilation: [1, 1], rhsDilation: [1, 1], groups: 1, batchGroups: 1,
}; // prettier-ignore

/** The extent of a dilated axis: `(n - 1)·dilation + 1`. */
export const dilated = (n: number, dilation: number): number => (n === 0 ? 0 : (n - 1) * dilation + 1);

/** The output extent of one spatial axis. */
const outputExtent = (input: number, kernel: number, axis: 0 | 1, c: ConvAttributes): number =>
  Math.floor(
    (dilated(input, c.lhsDilation[axis]) +
      c.padding[axis][0] +
      c.padding[axis][1] -
      dilated(kernel, c.rhsDilation[axis])) /
      c.strides[axis],
  ) + 1;

/** Demands strides, dilations and groups ≥ 1, and integer padding. */
const checkAttributes = (where: () => string, c: ConvAttributes): void => {
  const counts = [...c.strides, ...c.lhsDilation, ...c.rhsDilation, c.groups, c.batchGroups];
  if (!counts.every((n) => isExtent(n) && n > 0) || !c.padding.flat().every(Number.isSafeInteger))
    raise('ConfigError', {
      where: where(),
      expected: 'strides, dilations and groups of integers ≥ 1, and padding of integers',
      actual: `strides ${showShape(c.strides)}, dilation ${showShape(c.rhsDilation)}, padding ${showShape(c.padding.map(showShape))}, groups ${c.groups}`,
      hint: 'they count pixels and channels',
    });
};

const checkChannels = (where: () => string, image: Node, kernel: Node, c: ConvAttributes): void => {
  const [B, , , C] = image.shape as readonly [number, number, number, number];
  const [, J, I, D] = kernel.shape as readonly [number, number, number, number];
  const { groups, batchGroups } = c;
  const outputs = D % groups === 0 && D % batchGroups === 0;
  if (C === I * groups && outputs && B % batchGroups === 0 && (groups === 1 || batchGroups === 1)) return;
  const within = groups > 1 ? ` in ${groups} groups` : batchGroups > 1 ? ` in ${batchGroups} batch groups` : '';
  raise('ShapeError', {
    where: where(),
    expected: outputs
      ? `an image of ${I * groups} channels, for a kernel ${showShape(kernel.shape)}${within}`
      : `a kernel whose channels out are a multiple of its ${groups * batchGroups} groups`,
    actual: `image ${showShape(image.shape)}, kernel ${showShape(kernel.shape)}`,
    hint:
      J * groups === C && I === D
        ? 'the kernel is [height, width, channels in, channels out]: transpose(2, 3, 1, 0) makes it of [channels out, channels in, height, width]'
        : 'the kernel is [height, width, channels in, channels out]',
  });
};

/** `image: [B, H, W, C]`, `kernel: [KH, KW, C/groups, D]` → `[B/batchGroups, H', W', D]`. */
export const conv2d: Build['conv2d'] = (image, kernel, given = {}) => {
  const c: ConvAttributes = { ...PLAIN, ...given };
  const where = (): string => whereOf('conv2d', [image, kernel]);
  demandDType('conv2d', ['float32'], image, kernel);
  if (image.shape.length !== 4 || kernel.shape.length !== 4)
    raise('ShapeError', {
      where: where(),
      expected: 'image [B, H, W, C] and kernel [KH, KW, C, D]',
      actual: `${showShape(image.shape)} and ${showShape(kernel.shape)}`,
      hint: 'reshape the operands',
    });
  checkAttributes(where, c);
  checkChannels(where, image, kernel, c);
  const [B, H, W] = image.shape as readonly [number, number, number, number];
  const [KH, KW, , D] = kernel.shape as readonly [number, number, number, number];
  const height = outputExtent(H, KH, 0, c);
  const width = outputExtent(W, KW, 1, c);
  if (Math.min(height, width, H, W, KH, KW) < 1)
    raise('ShapeError', {
      where: where(),
      expected: 'a kernel that fits into the padded image',
      actual: `image ${showShape(image.shape)}, kernel ${showShape(kernel.shape)}`,
      hint: 'pad more, or use a smaller kernel or stride',
    });
  return node('conv2d', [image, kernel], c, [B / c.batchGroups, height, width, D], 'float32');
};

/** The cotangent of the image: a convolution with the flipped kernel. Strides become input dilations. */
const imageGradient = (image: Node, kernel: Node, g: Node, c: ConvAttributes, build: Build): Node => {
  const { flip, reshape, transpose } = build;
  const [B, H, W] = image.shape as readonly [number, number, number, number];
  const [KH, KW, I, D] = kernel.shape as readonly [number, number, number, number];
  const padding = (axis: 0 | 1): readonly [number, number] => {
    const tap = dilated(kernel.shape[axis]!, c.rhsDilation[axis]);
    const low = tap - 1 - c.padding[axis][0];
    const extent = dilated(image.shape[1 + axis]!, c.lhsDilation[axis]);
    return [low, extent + tap - 1 - dilated(g.shape[1 + axis]!, c.strides[axis]) - low];
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
type Batching = (n: Convolution, image: Operand, kernel: Operand, extent: number, build: BatchBuild) => Node;

/** The batch of examples with one kernel: the examples become more images in each group of the batch. */
const manyImages: Batching = ({ shape, attributes }, image, kernel, extent, { moveAxis, reshape }) => {
  const { batchGroups } = attributes;
  const [B, ...rest] = image.node.shape.slice(1) as [number, number, number, number];
  const split = reshape(image.node, [extent, batchGroups, B / batchGroups, ...rest]);
  const images = reshape(moveAxis(split, 0, 1), [extent * B, ...rest]);
  return reshape(conv2d(images, kernel.node, attributes), [extent, ...shape]);
};

/** The batch of examples with one image: the examples become more output channels in each group. */
const manyKernels: Batching = ({ shape, attributes }, image, kernel, extent, { moveAxis, reshape }) => {
  const groups = attributes.groups * attributes.batchGroups; // one of the two is 1
  const [KH, KW, I, D] = kernel.node.shape.slice(1) as [number, number, number, number];
  const split = reshape(kernel.node, [extent, KH, KW, I, groups, D / groups]);
  const kernels = reshape(moveAxis(split, 0, 4), [KH, KW, I, extent * D]);
  const convolved = conv2d(image.node, kernels, attributes);
  const apart = reshape(convolved, [...shape.slice(0, 3), groups, extent, D / groups]);
  return reshape(moveAxis(apart, 4, 0), [extent, ...shape]);
};

/**
 * The batch of examples with a kernel each: the examples become groups, of the channels if these have groups, else of the
 * batch.
 */
const pairs: Batching = ({ shape, attributes }, image, kernel, extent, { moveAxis, reshape }) => {
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

export const conv2dPrimitive: Primitive<'conv2d'> = {
  rebuild: ({ inputs: [image, kernel], attributes }) => conv2d(image!, kernel!, attributes),
  derivative: ({ inputs: [image, kernel], attributes }, g, build) => {
    const [KH, KW] = kernel!.shape as readonly [number, number, number, number];
    return [
      imageGradient(image!, kernel!, g, attributes, build),
      build.filterGradient(image!, g, attributes, [KH, KW]),
    ];
  },
  vmap: (n, [image, kernel], extent, build) => {
    const rule = !kernel!.mapped ? manyImages : image!.mapped ? pairs : manyKernels;
    return rule(n, image!, kernel!, extent, build);
  },
  ofNothing: ({ shape, dtype }, { full }) => full(0, shape, dtype), // the sum of no products
  lowering: { class: 'anchor', anchor: ({ attributes }) => ({ op: 'conv2d', attributes }) },
};
