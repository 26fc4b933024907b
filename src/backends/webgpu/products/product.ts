/**
 * Expresses matrix products, convolutions and filter gradients as one problem, an implicit matrix product:
 * `y[z, m, n] = Σ_d left[z, m, d]·right[z, d, n]`. The row m, the depth d and the batch z are each split into three digits (mixed
 * radix), and operands are strided per digit. For a convolution the left side has a window, which determines where it
 * reads outside the image; such elements are 0.
 */
import type { ConvAttributes } from '../../../dsl/graph/node.js';
import type { View } from '../../../dsl/plan/plan.js';
import type { ProductCall } from '../../shared/anchors.js';

/** One value for each of three digits; the last digit varies fastest. */
export type Triple = readonly [number, number, number];

/**
 * Position along one axis of an image: `(row·byRow + depth·byDepth − padding) / gap`, valid if it is whole and inside.
 * `gap` is the dilation of the image.
 */
export interface Axis {
  readonly byRow: Triple;
  readonly byDepth: Triple;
  readonly padding: number;
  readonly gap: number;
  readonly extent: number;
  readonly stride: number;
}

export interface Left {
  readonly buffer: number;
  readonly offset: number;
  readonly byRow: Triple;
  readonly byDepth: Triple;
  readonly byBatch: Triple;
  /** The two axes of an image that needs bounds checks; null if every access is inside. */
  readonly window: readonly [Axis, Axis] | null;
}

export interface Right {
  readonly buffer: number;
  readonly offset: number;
  readonly byDepth: Triple;
  readonly byColumn: number;
  readonly byBatch: Triple;
}

/** A product. The result is dense: `[batch, rows, columns]`. */
export interface Product {
  readonly rows: Triple;
  readonly depth: Triple;
  readonly columns: number;
  readonly batch: Triple;
  readonly left: Left;
  readonly right: Right;
  readonly output: { readonly buffer: number; readonly offset: number };
}

const ZERO: Triple = [0, 0, 0];
const ONE: Triple = [1, 1, 1];

const plus = (a: Triple, b: Triple): Triple => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
const times = (a: Triple, by: number): Triple => [a[0] * by, a[1] * by, a[2] * by];

/** `value` at one digit, 0 at the others. */
const at = (digit: 0 | 1 | 2, value: number): Triple => [
  digit === 0 ? value : 0,
  digit === 1 ? value : 0,
  digit === 2 ? value : 0,
];

type Four = readonly [number, number, number, number];

/** In a convolution rows index the result and the depth indexes the kernel; in a filter gradient these are swapped. */
type Side = 'byRow' | 'byDepth';

/**
 * The image of a convolution as left side. The side `result` has the digits `[B, H, W]`, the other side `[KH, KW, C]`.
 */
const imageSide = (
  { buffer, offset, shape, strides: byAxis }: View,
  { strides, padding, lhsDilation, rhsDilation }: ConvAttributes,
  result: Side,
): Left => {
  const digits = (ofResult: Triple, ofKernel: Triple): Pick<Left, Side> =>
    result === 'byRow' ? { byRow: ofResult, byDepth: ofKernel } : { byRow: ofKernel, byDepth: ofResult };
  const axis = (a: 0 | 1): Axis => ({
    ...digits(at(a === 0 ? 1 : 2, strides[a]), at(a, rhsDilation[a])),
    padding: padding[a][0],
    gap: lhsDilation[a],
    extent: shape[1 + a]!,
    stride: byAxis[1 + a]!,
  });
  const axes = [axis(0), axis(1)] as const;
  const [byImage, , , byChannel] = byAxis as Four;
  const linear = digits(at(0, byImage), at(2, byChannel));
  // with gaps, addresses are not linear in row and depth; without gaps a window is needed only if it crosses an edge
  if (axes.some(({ gap }) => gap > 1)) return { buffer, offset, ...linear, byBatch: ZERO, window: axes };
  const along = (side: Side): Triple =>
    axes.reduce((sum, one) => plus(sum, times(one[side], one.stride)), linear[side]);
  return {
    buffer,
    offset: axes.reduce((from, one) => from - one.padding * one.stride, offset),
    byRow: along('byRow'),
    byDepth: along('byDepth'),
    byBatch: ZERO,
    window: padding.flat().every((p) => p <= 0) ? null : axes,
  };
};

/** A kernel or a cotangent as right side: its last axis is the columns. */
const featureSide = ({ buffer, offset, strides }: View): Right => {
  const [s0, s1, s2, byColumn] = strides as Four;
  return { buffer, offset, byDepth: [s0, s1, s2], byColumn, byBatch: ZERO };
};

/** The digits of a row or of the depth: all axes but the features. */
const digitsOf = ({ shape }: View): Triple => shape.slice(0, 3) as [number, number, number]; // of four

/**
 * A convolution `[B, H, W, C] ∗ [KH, KW, C, D]`, where a row is a position in the result and the depth a position in the kernel,
 * or its gradient with respect to the kernel, where a row is a position in the kernel and the depth one in the cotangent.
 */
const convolution = (image: View, right: View, output: View, attributes: ConvAttributes, result: Side): Product => ({
  rows: digitsOf(output),
  depth: digitsOf(right),
  columns: output.shape[3]!,
  batch: ONE,
  left: imageSide(image, attributes, result),
  right: featureSide(right),
  output,
});

interface BatchAxis {
  readonly extent: number;
  readonly left: number;
  readonly right: number;
}

/** The axes of a batch. Neighbouring axes that are contiguous in both operands are merged. */
const batchAxes = (left: View, right: View): readonly BatchAxis[] =>
  left.shape.slice(0, -2).reduceRight<readonly BatchAxis[]>((axes, extent, i) => {
    if (extent === 1) return axes;
    const axis = { extent, left: left.strides[i]!, right: right.strides[i]! };
    const [inner, ...others] = axes;
    const isOne =
      inner !== undefined && axis.left === inner.extent * inner.left && axis.right === inner.extent * inner.right;
    return isOne ? [{ ...inner, extent: extent * inner.extent }, ...others] : [axis, ...axes];
  }, []);

/**
 * Batched matrix products. A batch of more than three axes becomes several products, whose results follow each other in
 * memory.
 */
const products = (left: View, right: View, output: View): readonly Product[] => {
  const axes = batchAxes(left, right);
  const [M, K] = left.shape.slice(-2) as [number, number];
  const N = right.shape.at(-1)!;
  const digits = (of: (axis: BatchAxis) => number, none: number): Triple => {
    const [last = none, second = none, first = none] = axes.slice(-3).reverse().map(of);
    return [first, second, last];
  };
  const batch = digits(({ extent }) => extent, 1);
  const elements = batch[0] * batch[1] * batch[2] * M * N;
  const starts = axes.slice(0, -3).reduce<readonly { readonly left: number; readonly right: number }[]>(
    (all, axis) =>
      all.flatMap((start) =>
        Array.from({ length: axis.extent }, (_, i) => ({
          left: start.left + i * axis.left,
          right: start.right + i * axis.right,
        })),
      ),
    [{ left: left.offset, right: right.offset }],
  );
  return starts.map((start, i) => ({
    rows: [1, 1, M],
    depth: [1, 1, K],
    columns: N,
    batch,
    left: {
      buffer: left.buffer,
      offset: start.left,
      byRow: at(2, left.strides.at(-2)!),
      byDepth: at(2, left.strides.at(-1)!),
      byBatch: digits((axis) => axis.left, 0),
      window: null,
    },
    right: {
      buffer: right.buffer,
      offset: start.right,
      byDepth: at(2, right.strides.at(-2)!),
      byColumn: right.strides.at(-1)!,
      byBatch: digits((axis) => axis.right, 0),
    },
    output: { buffer: output.buffer, offset: output.offset + i * elements },
  }));
};

/** Lists the products that compute an anchor without groups: usually one. */
export const productsOf = ({ anchor, inputs, output }: ProductCall): readonly Product[] => {
  const [left, right] = inputs as readonly [View, View];
  switch (anchor.op) {
    case 'dot':
      return products(left, right, output);
    case 'conv2d':
      return [convolution(left, right, output, anchor.attributes, 'byRow')];
    case 'filterGradient':
      return [convolution(left, right, output, anchor.attributes, 'byDepth')];
  }
};
