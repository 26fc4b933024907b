/** Implements convolutions with all attributes using kernels that support only strides, kernel dilation and padding. */
import { filterGradientPadding } from '../../../dsl/composites/index.js';
import type { ConvAttributes } from '../../../dsl/graph/node.js';
import { padOf } from './movement.js';
import type { Tensor } from './engine.js';
import type { Operations } from './operations.js';

/** Dilates, pads and crops the image, so that the kernel does not have to pad. */
const prepared = (ops: Operations, image: Tensor, { padding, lhsDilation }: ConvAttributes): Tensor => {
  const [[top, bottom], [left, right]] = padding;
  const [y, x] = lhsDilation;
  const grown = padOf(ops, {
    low: [0, Math.max(0, top), Math.max(0, left), 0],
    high: [0, Math.max(0, bottom), Math.max(0, right), 0],
    interior: [0, y - 1, x - 1, 0],
    value: 0,
  })(image);
  const [B, H, W, C] = grown.shape as [number, number, number, number];
  const [above, before] = [Math.max(0, -top), Math.max(0, -left)];
  return ops.slice(
    grown,
    [0, above, before, 0],
    [B, H - above - Math.max(0, -bottom), W - before - Math.max(0, -right), C],
  );
};

/** Tests if the kernel can pad the image itself: the image is not dilated, and no padding is negative. */
const kernelCanPad = ({ padding, lhsDilation }: ConvAttributes): boolean =>
  lhsDilation.every((d) => d === 1) && padding.flat().every((p) => p >= 0);

/** Convolves one group. */
const convolved = (ops: Operations, image: Tensor, filter: Tensor, c: ConvAttributes): Tensor => {
  const kernelPads = kernelCanPad(c);
  const [vertical, horizontal] = c.padding;
  return ops.engine.run(
    'Conv2D',
    { x: kernelPads ? image : prepared(ops, image, c), filter },
    {
      strides: [...c.strides],
      dilations: [...c.rhsDilation],
      pad: kernelPads ? [[0, 0], [...vertical], [...horizontal], [0, 0]] : 'valid',
      dataFormat: 'NHWC',
    },
  );
};

/** Part `i` of `count` equal parts along an axis. */
const part = (ops: Operations, x: Tensor, axis: number, i: number, count: number): Tensor => {
  const extent = x.shape[axis]! / count;
  return ops.slice(
    x,
    x.shape.map((_, a) => (a === axis ? i * extent : 0)),
    x.shape.map((d, a) => (a === axis ? extent : d)),
  );
};

/** Convolves group by group: TensorFlow has kernels for grouped convolutions only on GPUs. */
export const convolutionOf =
  (ops: Operations, c: ConvAttributes) =>
  (image: Tensor, kernel: Tensor): Tensor => {
    const count = c.groups * c.batchGroups; // one of the two numbers of groups is 1
    const imageAxis = c.groups > 1 ? 3 : 0;
    const results = Array.from({ length: count }, (_, i) =>
      convolved(ops, part(ops, image, imageAxis, i, count), part(ops, kernel, 3, i, count), c),
    );
    return ops.concat(results, 3);
  };

/** The backend's kernel for filter gradients. It supports neither explicit padding nor dilation. */
const NATIVE = 'Conv2DBackpropFilter';

/** Filter gradient `[KH, KW, C, D]` of a convolution without groups, by the backend's kernel or as a convolution. */
export const filterGradientOf = (
  ops: Operations,
  c: ConvAttributes,
  shape: readonly [number, number, number, number],
): ((image: Tensor, cotangent: Tensor) => Tensor) => {
  if (ops.engine.has(NATIVE) && c.rhsDilation.every((d) => d === 1))
    return (image, cotangent) =>
      ops.engine.run(
        NATIVE,
        { x: prepared(ops, image, c), dy: cotangent },
        { strides: [...c.strides], pad: 'valid', dataFormat: 'NHWC', filterShape: [...shape] },
      );
  // the decomposition in dsl/composites/filterGradient.ts
  return (image, cotangent) => {
    const axis = (a: 0 | 1): readonly [number, number] =>
      filterGradientPadding(image.shape[1 + a]!, shape[a], cotangent.shape[1 + a]!, a, c);
    const gradient = convolved(ops, ops.transpose(image, [3, 1, 2, 0]), ops.transpose(cotangent, [1, 2, 0, 3]), {
      ...c,
      strides: c.rhsDilation,
      padding: [axis(0), axis(1)],
      rhsDilation: c.strides,
    });
    return ops.transpose(gradient, [1, 2, 0, 3]);
  };
};
