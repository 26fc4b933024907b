/** Matrix products and convolutions as runs of tfjs's kernels, which take dense operands. */
import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import { denseStrides } from '../../dsl/lower/loops.js';
import { dilated } from '../../dsl/primitives/index.js';
import type { View } from '../../dsl/plan.js';
import { type AnchorCall, type Convolution, convolutionOf, partsOf } from '../shared/convolution.js';
import { dense, type Layout } from '../shared/strided.js';

/** An operand as it lies, or a dense copy of `shape`: `from` goes to the places `to`, the rest of it is zeros. */
export type Prepared =
  | { readonly kind: 'in place'; readonly view: View }
  | {
      readonly kind: 'copy';
      readonly shape: readonly number[];
      readonly from: View;
      readonly to: Layout;
    };

/** One run of a kernel, with its two operands by the names that tfjs gives them. */
export interface Step {
  readonly kernel: 'BatchMatMul' | 'Conv2D';
  readonly operands: readonly [readonly [string, Prepared], readonly [string, Prepared]];
  readonly attributes: NamedAttrMap;
  readonly output: View;
}

type InPlace = (view: View) => boolean;

const asDense = (view: View, inPlace: InPlace): Prepared =>
  inPlace(view)
    ? { kind: 'in place', view }
    : { kind: 'copy', shape: view.shape, from: view, to: dense(view.shape) };

/** The matrices of a view transposed. */
const swapped = (view: View): View => {
  const swap = (numbers: readonly number[]): readonly number[] => [
    ...numbers.slice(0, -2),
    numbers.at(-1)!,
    numbers.at(-2)!,
  ];
  return { ...view, shape: swap(view.shape), strides: swap(view.strides) };
};

/** An operand of a product, and whether the kernel is to transpose it: what lies so need not be copied. */
const matrixOf = (view: View, inPlace: InPlace): readonly [Prepared, boolean] => {
  if (inPlace(view) || !inPlace(swapped(view))) return [asDense(view, inPlace), false];
  return [{ kind: 'in place', view: swapped(view) }, true];
};

/** Whether tfjs can be told of the padding of an image that is as it is. */
const isPlain = ({ attributes: { lhsDilation, padding } }: Convolution): boolean =>
  lhsDilation.every((d) => d === 1) && padding.flat().every((p) => p >= 0);

/** The image with its dilation and its padding carried out, which may crop it. */
const paddedImage = ({
  image,
  attributes: { lhsDilation, padding },
}: Convolution): Extract<Prepared, { kind: 'copy' }> => {
  const [B, , , C] = image.shape as [number, number, number, number];
  /** Of one spatial axis: its extent when padded, the first and the number of the elements in it. */
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
  const plain = isPlain(part);
  const [vertical, horizontal] = attributes.padding;
  return {
    kernel: 'Conv2D',
    operands: [
      ['x', plain ? asDense(image, inPlace) : paddedImage(part)],
      ['filter', asDense(kernel, inPlace)],
    ],
    attributes: {
      strides: [...attributes.strides],
      dilations: [...attributes.rhsDilation],
      pad: plain ? [[0, 0], [...vertical], [...horizontal], [0, 0]] : 'valid',
      dataFormat: 'NHWC',
    },
    output,
  };
};

/** The runs that an anchor takes, one after another. `inPlace` says of a view whether a kernel can read it as it lies. */
export const anchorSteps = (call: AnchorCall, inPlace: InPlace): readonly Step[] => {
  const convolution = convolutionOf(call);
  if (convolution !== null) return partsOf(convolution).map((part) => convolutionStep(part, inPlace));
  // a dot, as it is no convolution
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
