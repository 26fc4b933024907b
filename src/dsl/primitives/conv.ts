import { raise, showShape } from '../errors.js';
import { type ConvAttributes, type Node, node, placeOf } from '../node.js';

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

/** `image: [B, H, W, C]`, `kernel: [KH, KW, C/groups, D]` → `[B/batchGroups, H', W', D]`. */
export const conv2d = (image: Node, kernel: Node, given: Partial<ConvAttributes> = {}): Node => {
  const c: ConvAttributes = { ...PLAIN, ...given };
  const [B, H, W, C] = image.shape as [number, number, number, number];
  const [KH, KW, I, D] = kernel.shape as [number, number, number, number];
  const where = placeOf(node('conv2d', [kernel, image], c, [], 'float32')) || 'conv2d';
  if (
    image.shape.length !== 4 ||
    kernel.shape.length !== 4 ||
    image.dtype !== 'float32' ||
    kernel.dtype !== 'float32'
  )
    raise('ShapeError', {
      where,
      expected: 'float32 image [B, H, W, C] and kernel [KH, KW, C, D]',
      actual: `${image.dtype} ${showShape(image.shape)} and ${kernel.dtype} ${showShape(kernel.shape)}`,
      hint: 'reshape or cast the operands',
    });
  if (
    C !== I * c.groups ||
    D % c.groups !== 0 ||
    D % c.batchGroups !== 0 ||
    B % c.batchGroups !== 0 ||
    (c.groups > 1 && c.batchGroups > 1)
  )
    raise('ShapeError', {
      where,
      expected: `channels ${I}·${c.groups} (kernel ${showShape(kernel.shape)} in ${c.groups} groups, ${c.batchGroups} batch groups)`,
      actual: `image ${showShape(image.shape)}`,
      hint: 'the kernel is [height, width, channels in, channels out]',
    });
  const height = outputExtent(H, KH, 0, c);
  const width = outputExtent(W, KW, 1, c);
  if (Math.min(height, width, H, W, KH, KW) < 1)
    raise('ShapeError', {
      where,
      expected: 'a kernel that fits into the padded image',
      actual: `image ${showShape(image.shape)}, kernel ${showShape(kernel.shape)}`,
      hint: 'pad more, or use a smaller kernel or stride',
    });
  return node('conv2d', [image, kernel], c, [B / c.batchGroups, height, width, D], 'float32');
};
