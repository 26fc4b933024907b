import { raise, showShape } from '../errors.js';
import { isExtent } from '../extent.js';
import { type ConvAttributes, type Node, node, whereOf } from '../node.js';
import { demandDType } from './dtype.js';

const PLAIN: ConvAttributes = {
  strides: [1, 1],
  padding: [[0, 0], [0, 0]],
  lhsDilation: [1, 1],
  rhsDilation: [1, 1],
  groups: 1,
  batchGroups: 1,
}; // prettier-ignore

/** The extent that a dilated axis takes: `(n - 1)·dilation + 1`. */
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

/** Strides, dilations and groups count from 1; padding is any integer. */
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
  const within =
    groups > 1 ? ` in ${groups} groups` : batchGroups > 1 ? ` in ${batchGroups} batch groups` : '';
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
export const conv2d = (image: Node, kernel: Node, given: Partial<ConvAttributes> = {}): Node => {
  const c: ConvAttributes = { ...PLAIN, ...given };
  const where = (): string => whereOf('conv2d', [image, kernel]);
  demandDType(where, 'float32', image, kernel);
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
