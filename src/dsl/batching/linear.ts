import type { NodeOf } from '../node.js';
import { conv2d, dot, reshape } from '../primitives/index.js';
import { moveAxis, type Operand, type Rule, spread } from './operand.js';

/** The rows of all examples are multiplied at once where they meet the same matrices. */
export const dotRule: Rule<NodeOf<'dot'>> = ({ shape, inputs }, [a, b], extent) => {
  if (b!.mapped) return dot(spread(a!, extent), b!.node);
  const [batch, [m, k]] = [shape.slice(0, -2), inputs[0]!.shape.slice(-2) as [number, number]];
  const rows = reshape(moveAxis(a!.node, 0, batch.length), [...batch, extent * m, k]);
  const product = reshape(dot(rows, b!.node), [...batch, extent, m, shape.at(-1)!]);
  return moveAxis(product, batch.length, 0);
};

type Convolution = NodeOf<'conv2d'>;

/** One kernel: the examples become more images, beside each other in each of the batch's groups. */
const manyImages = ({ shape, attributes }: Convolution, image: Operand, kernel: Operand, extent: number) => {
  const { batchGroups } = attributes;
  const [B, ...rest] = image.node.shape.slice(1) as [number, number, number, number];
  const split = reshape(image.node, [extent, batchGroups, B / batchGroups, ...rest]);
  const images = reshape(moveAxis(split, 0, 1), [extent * B, ...rest]);
  return reshape(conv2d(images, kernel.node, attributes), [extent, ...shape]);
};

/** One image: the examples become more channels out, beside each other in each group. */
const manyKernels = ({ shape, attributes }: Convolution, image: Operand, kernel: Operand, extent: number) => {
  const groups = attributes.groups * attributes.batchGroups; // one of the two is 1
  const [KH, KW, I, D] = kernel.node.shape.slice(1) as [number, number, number, number];
  const split = reshape(kernel.node, [extent, KH, KW, I, groups, D / groups]);
  const kernels = reshape(moveAxis(split, 0, 4), [KH, KW, I, extent * D]);
  const convolved = conv2d(image.node, kernels, attributes);
  const apart = reshape(convolved, [...shape.slice(0, 3), groups, extent, D / groups]);
  return reshape(moveAxis(apart, 4, 0), [extent, ...shape]);
};

/** Each example its own kernel: so many more groups, of the channels where they are in groups, else of the batch. */
const pairs = ({ shape, attributes }: Convolution, image: Operand, kernel: Operand, extent: number) => {
  const [B, H, W, C] = image.node.shape.slice(1) as [number, number, number, number];
  const [KH, KW, I, D] = kernel.node.shape.slice(1) as [number, number, number, number];
  const kernels = reshape(moveAxis(kernel.node, 0, 3), [KH, KW, I, extent * D]);
  const { groups, batchGroups } = attributes;
  const convolved =
    groups > 1
      ? conv2d(reshape(moveAxis(image.node, 0, 3), [B, H, W, extent * C]), kernels, {
          ...attributes,
          groups: extent * groups,
        })
      : conv2d(reshape(image.node, [extent * B, H, W, C]), kernels, {
          ...attributes,
          batchGroups: extent * batchGroups,
        });
  return moveAxis(reshape(convolved, [...shape.slice(0, 3), extent, D]), 3, 0);
};

export const conv2dRule: Rule<Convolution> = (n, [image, kernel], extent) => {
  const rule = !kernel!.mapped ? manyImages : image!.mapped ? pairs : manyKernels;
  return rule(n, image!, kernel!, extent);
};
