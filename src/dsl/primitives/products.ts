/** Constructors of sums of products: of matrices, and of images and kernels. */
import { raise, showShape } from '../../internal/errors.js';
import { type ConvAttributes, type Node, node, whereOf } from '../graph/node.js';
import { isExtent } from '../types/dim.js';
import { demandDType } from './checks.js';

/** Raises a `ShapeError` that shows the two operands. */
const wrongOperands = (op: string, a: Node, b: Node, expected: string, hint: string): never => {
  const actual = `${showShape(a.shape)} and ${showShape(b.shape)}`;
  return raise('ShapeError', { where: whereOf(op, [a, b]), expected, actual, hint });
};

/** `[...batch, m, k]` · `[...batch, k, n]` → `[...batch, m, n]`. */
export const dot = (a: Node, b: Node): Node => {
  demandDType('dot', ['float32'], a, b);
  const rank = a.shape.length;
  const isOneBatch = a.shape.slice(0, -2).every((d, i) => d === b.shape[i]);
  if (rank < 2 || b.shape.length !== rank || a.shape[rank - 1] !== b.shape[rank - 2] || !isOneBatch) {
    const hint = 'the last axis of the first must equal the second-last of the second';
    wrongOperands('dot', a, b, '[...batch, m, k] and [...batch, k, n]', hint);
  }
  return node('dot', [a, b], {}, [...a.shape.slice(0, -1), b.shape[rank - 1]!], 'float32');
};

/** The extents of an image `[B, H, W, C]`, or of a kernel `[KH, KW, I, D]`. */
export const fourOf = (n: Node): readonly [number, number, number, number] =>
  n.shape as readonly [number, number, number, number]; // the caller ensures the rank

const PLAIN: ConvAttributes = {
  strides: [1, 1], padding: [[0, 0], [0, 0]], lhsDilation: [1, 1], rhsDilation: [1, 1], groups: 1, batchGroups: 1,
}; // oxfmt-ignore

/** The extent of a dilated axis: `(n - 1)·dilation + 1`. */
export const dilated = (n: number, dilation: number): number => (n === 0 ? 0 : (n - 1) * dilation + 1);

/** The output extent of one spatial axis. */
const outputExtent = (input: number, kernel: number, axis: 0 | 1, c: ConvAttributes): number => {
  const [before, after] = c.padding[axis];
  const room = before + dilated(input, c.lhsDilation[axis]) + after - dilated(kernel, c.rhsDilation[axis]);
  return Math.floor(room / c.strides[axis]) + 1;
};

/** Raises a `ShapeError` for an image and a kernel whose shapes do not match. */
const wrongImage = (image: Node, kernel: Node, expected: string, hint: string): never => {
  const actual = `image ${showShape(image.shape)}, kernel ${showShape(kernel.shape)}`;
  return raise('ShapeError', { where: whereOf('conv2d', [image, kernel]), expected, actual, hint });
};

/** Raises `ConfigError` unless strides, dilations and groups are ≥ 1 and padding is integer. */
const checkAttributes = (image: Node, kernel: Node, c: ConvAttributes): void => {
  const counts = [...c.strides, ...c.lhsDilation, ...c.rhsDilation, c.groups, c.batchGroups];
  if (!counts.every((n) => isExtent(n) && n > 0) || !c.padding.flat().every(Number.isSafeInteger))
    raise('ConfigError', {
      where: whereOf('conv2d', [image, kernel]),
      expected: 'strides, dilations and groups of integers ≥ 1, and padding of integers',
      actual: `strides ${showShape(c.strides)}, dilation ${showShape(c.rhsDilation)}, padding ${showShape(c.padding.map(showShape))}, groups ${c.groups}`,
      hint: 'strides, dilations and padding count pixels, groups count parts of the channels',
    });
};

const checkChannels = (image: Node, kernel: Node, { groups, batchGroups }: ConvAttributes): void => {
  const [B, , , C] = fourOf(image);
  const [, J, I, D] = fourOf(kernel);
  const outputs = D % groups === 0 && D % batchGroups === 0;
  if (C === I * groups && outputs && B % batchGroups === 0 && (groups === 1 || batchGroups === 1)) return;
  const within = groups > 1 ? ` in ${groups} groups` : batchGroups > 1 ? ` in ${batchGroups} batch groups` : '';
  const expected = outputs
    ? `an image of ${I * groups} channels, for a kernel ${showShape(kernel.shape)}${within}`
    : `a kernel whose channels out are a multiple of its ${groups * batchGroups} groups`;
  const isTransposed = J * groups === C && I === D;
  const turned = ': transpose(2, 3, 1, 0) makes it of [channels out, channels in, height, width]';
  const hint = `the kernel is [height, width, channels in, channels out]${isTransposed ? turned : ''}`;
  wrongImage(image, kernel, expected, hint);
};

/** `image: [B, H, W, C]`, `kernel: [KH, KW, C/groups, D]` → `[B/batchGroups, H', W', D]`. */
export const conv2d = (image: Node, kernel: Node, attributes: Partial<ConvAttributes> = {}): Node => {
  const c: ConvAttributes = { ...PLAIN, ...attributes };
  demandDType('conv2d', ['float32'], image, kernel);
  if (image.shape.length !== 4 || kernel.shape.length !== 4)
    wrongOperands('conv2d', image, kernel, 'image [B, H, W, C] and kernel [KH, KW, C, D]', 'reshape the operands');
  checkAttributes(image, kernel, c);
  checkChannels(image, kernel, c);
  const [B, H, W] = fourOf(image);
  const [KH, KW, , D] = fourOf(kernel);
  const height = outputExtent(H, KH, 0, c);
  const width = outputExtent(W, KW, 1, c);
  if (Math.min(height, width, H, W, KH, KW) < 1) {
    const hint = 'pad more, or use a smaller kernel or stride';
    wrongImage(image, kernel, 'a kernel that fits into the padded image', hint);
  }
  return node('conv2d', [image, kernel], c, [B / c.batchGroups, height, width, D], 'float32');
};
