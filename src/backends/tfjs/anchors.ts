/** Matrix products and convolutions by tfjs's kernels, which take dense operands. */
import { denseStrides } from '../../dsl/lower/loops.js';
import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import type { View } from '../../dsl/plan.js';
import { sizeOf } from '../../dsl/node.js';
import { dilated } from '../../dsl/primitives/index.js';
import { type AnchorCall, type Convolution, convolutionOf, partsOf } from '../shared/convolution.js';
import { elementsOf, type Frame, type Rule } from '../shared/kernel.js';
import { copyStrided, dense, isDense, type Layout } from '../shared/strided.js';
import { operandOf } from './library.js';
import type { Operand, TfjsKernels } from './tensors.js';

/** An operand in the form that the kernel takes: as it lies, or a copy in the scratch. */
interface Prepared {
  readonly scratch: number;
  readonly operand: (frame: Frame, scratch: View | null, offset: number) => Operand;
}

const inPlace = (view: View): Prepared => ({ scratch: 0, operand: (frame) => operandOf(frame, view) });

/** A copy, zeros where nothing is copied to: `box` of the view, to places of a tensor of `shape`. */
const copied = (view: View, box: View, shape: readonly number[], to: Layout): Prepared => ({
  scratch: sizeOf(shape),
  operand: (frame, scratch, offset) => {
    const place: View = {
      ...scratch!,
      offset: scratch!.offset + offset,
      shape,
      strides: denseStrides(shape),
    };
    const data = elementsOf(frame, place);
    if (sizeOf(box.shape) < sizeOf(shape)) data.fill(0);
    copyStrided(box.shape, frame.arrays[view.buffer]!, box, data, to);
    return operandOf(frame, place);
  },
});

const asDense = (view: View): Prepared =>
  isDense(view.shape, view.strides) ? inPlace(view) : copied(view, view, view.shape, dense(view.shape));

/** The image with its dilation and its padding carried out, which may crop it. */
const padded = ({ image, attributes }: Convolution): Prepared => {
  const { lhsDilation, padding } = attributes;
  const plain = lhsDilation.every((d) => d === 1) && padding.flat().every((p) => p === 0);
  if (plain) return asDense(image);
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
  const box: View = {
    ...image,
    shape: [B, y.count, x.count, C],
    offset: image.offset + y.first * image.strides[1]! + x.first * image.strides[2]!,
  };
  return copied(image, box, shape, {
    offset: y.place * strides[1]! + x.place * strides[2]!,
    strides: [strides[0]!, strides[1]! * lhsDilation[0], strides[2]! * lhsDilation[1], 1],
  });
};

/** One run of a kernel, with its two operands by the names that tfjs gives them. */
interface Step {
  readonly kernel: 'BatchMatMul' | 'Conv2D';
  readonly operands: readonly [readonly [string, Prepared], readonly [string, Prepared]];
  readonly attributes: NamedAttrMap;
  readonly output: View;
}

const stepsOf = (call: AnchorCall): readonly Step[] => {
  const convolution = convolutionOf(call);
  if (convolution !== null)
    return partsOf(convolution).map((part): Step => ({
      kernel: 'Conv2D',
      operands: [
        ['x', padded(part)],
        ['filter', asDense(part.kernel)],
      ],
      attributes: {
        strides: [...part.attributes.strides],
        dilations: [...part.attributes.rhsDilation],
        pad: 'valid',
        dataFormat: 'NHWC',
      },
      output: part.output,
    }));
  const [a, b] = call.inputs as readonly [View, View]; // a dot, as it is no convolution
  return [
    {
      kernel: 'BatchMatMul',
      operands: [
        ['a', asDense(a)],
        ['b', asDense(b)],
      ],
      attributes: { transposeA: false, transposeB: false },
      output: call.output,
    },
  ];
};

/** Room for the copies of one step: the steps run one after another. */
export const anchorScratch = (call: AnchorCall): number =>
  Math.max(...stepsOf(call).map(({ operands: [[, left], [, right]] }) => left.scratch + right.scratch));

export const anchorRule =
  (kernels: TfjsKernels): Rule =>
  (call) => {
    if (call.kind !== 'anchor') return null;
    const { scratch } = call;
    const steps = stepsOf(call);
    return {
      name: `tfjs ${kernels.backend} ${steps[0]!.kernel}`,
      run: (frame) => {
        for (const { kernel, operands, attributes, output } of steps) {
          const [[leftName, left], [rightName, right]] = operands;
          const inputs = {
            [leftName]: left.operand(frame, scratch, 0),
            [rightName]: right.operand(frame, scratch, left.scratch),
          };
          kernels.run(kernel, inputs, attributes, sizeOf(output.shape), ([result]) => {
            frame.refresh();
            copyStrided(output.shape, result!, dense(output.shape), frame.arrays[output.buffer]!, output);
          });
        }
      },
    };
  };
