/** Translates matrix products and convolutions into runs of tfjs's kernels, which take dense operands. */
import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import { denseStrides } from '../../dsl/compile/lower/loops.js';
import { dilated } from '../../dsl/primitives/index.js';
import type { View } from '../../dsl/compile/plan.js';
import { type AnchorCall, type Convolution, convolutionOf, partsOf } from '../shared/convolution.js';
import { dense, type Layout } from '../shared/strided.js';

/**
 * An operand in place, or a dense copy of `shape`: the view `from` is copied to the layout `to`, and the rest is zero.
 */
export type Prepared =
  | { readonly kind: 'in place'; readonly view: View }
  | {
      readonly kind: 'copy';
      readonly shape: readonly number[];
      readonly from: View;
      readonly to: Layout;
    };

/** One run of a kernel. Its two operands carry the names that tfjs uses for them. */
export interface Step {
  readonly kernel: 'BatchMatMul' | 'Conv2D';
  readonly operands: readonly [readonly [string, Prepared], readonly [string, Prepared]];
  readonly attributes: NamedAttrMap;
  readonly output: View;
}

type InPlace = (view: View) => boolean;

const asDense = (view: View, inPlace: InPlace): Prepared =>
  inPlace(view) ? { kind: 'in place', view } : { kind: 'copy', shape: view.shape, from: view, to: dense(view.shape) };

/** The view with its last two axes swapped. */
const transposedView = (view: View): View => {
  const swap = (numbers: readonly number[]): readonly number[] => [
    ...numbers.slice(0, -2),
    numbers.at(-1)!,
    numbers.at(-2)!,
  ];
  return { ...view, shape: swap(view.shape), strides: swap(view.strides) };
};

/** An operand of a product, and whether the kernel transposes it. Letting the kernel transpose can avoid a copy. */
const matrixOf = (view: View, inPlace: InPlace): readonly [Prepared, boolean] => {
  if (inPlace(view) || !inPlace(transposedView(view))) return [asDense(view, inPlace), false];
  return [{ kind: 'in place', view: transposedView(view) }, true];
};

/** Returns whether tfjs's kernel can pad the image itself: the image is not dilated, and no padding is negative. */
const kernelCanPad = ({ attributes: { lhsDilation, padding } }: Convolution): boolean =>
  lhsDilation.every((d) => d === 1) && padding.flat().every((p) => p >= 0);

/** A copy of the image with dilation and padding applied. Negative padding crops. */
const paddedImage = ({
  image,
  attributes: { lhsDilation, padding },
}: Convolution): Extract<Prepared, { kind: 'copy' }> => {
  const [B, , , C] = image.shape as [number, number, number, number];
  /**
   * One spatial axis: the padded extent, the first and the number of the elements kept, and the first one's padded
   * position.
   */
  const axis = (a: 0 | 1) => {
    const extent = image.shape[1 + a]!;
    const [low, high] = padding[a];
    const full = dilated(extent, lhsDilation[a]) + low + high;
    const first = Math.max(0, Math.ceil(-low / lhsDilation[a]));
    const last = Math.min(extent - 1, Math.floor((full - 1 - low) / lhsDilation[a]));
    return { full, first, count: Math.max(0, last - first + 1), place: first * lhsDilation[a] + low };
  };
  const [y, x] = [axis(0), axis(1)];
  const shape = [B, y.full, x.full, C];
  const strides = denseStrides(shape);
  return {
    kind: 'copy',
    shape,
    from: {
      ...image,
      shape: [B, y.count, x.count, C],
      offset: image.offset + y.first * image.strides[1]! + x.first * image.strides[2]!,
    },
    to: {
      offset: y.place * strides[1]! + x.place * strides[2]!,
      strides: [strides[0]!, strides[1]! * lhsDilation[0], strides[2]! * lhsDilation[1], 1],
    },
  };
};

const convolutionStep = (part: Convolution, inPlace: InPlace): Step => {
  const { image, kernel, output, attributes } = part;
  const kernelPads = kernelCanPad(part);
  const [vertical, horizontal] = attributes.padding;
  return {
    kernel: 'Conv2D',
    operands: [
      ['x', kernelPads ? asDense(image, inPlace) : paddedImage(part)],
      ['filter', asDense(kernel, inPlace)],
    ],
    attributes: {
      strides: [...attributes.strides],
      dilations: [...attributes.rhsDilation],
      pad: kernelPads ? [[0, 0], [...vertical], [...horizontal], [0, 0]] : 'valid',
      dataFormat: 'NHWC',
    },
    output,
  };
};

/** The kernel runs of an anchor, in order. `inPlace` returns whether a kernel can read a view without a copy. */
export const anchorSteps = (call: AnchorCall, inPlace: InPlace): readonly Step[] => {
  const convolution = convolutionOf(call);
  if (convolution !== null) return partsOf(convolution).map((part) => convolutionStep(part, inPlace));
  // the call is a dot; the cast restores its two operands
  const [[a, transposeA], [b, transposeB]] = call.inputs.map((view) => matrixOf(view, inPlace)) as [
    ReturnType<typeof matrixOf>,
    ReturnType<typeof matrixOf>,
  ];
  return [
    {
      kernel: 'BatchMatMul',
      operands: [
        ['a', a],
        ['b', b],
      ],
      attributes: { transposeA, transposeB },
      output: call.output,
    },
  ];
};
