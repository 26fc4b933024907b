/** Runs matrix products and convolutions with tfjs's kernels, on memory that the host can access. */
import { denseStrides } from '../../dsl/compile/lower/loops.js';
import { sizeOf } from '../../dsl/graph/node.js';
import type { View } from '../../dsl/compile/plan.js';
import type { AnchorCall } from '../shared/convolution.js';
import { elementsOf, type Frame, type Rule } from '../shared/kernel.js';
import { copyStrided, dense, isDense } from '../shared/strided.js';
import { anchorSteps, type Prepared, type Step } from './anchorSteps.js';
import { operandOf } from './library.js';
import type { Operand, TfjsKernels } from './tensors.js';

const stepsOf = (call: AnchorCall): readonly Step[] =>
  anchorSteps(call, ({ shape, strides }) => isDense(shape, strides));

const scratchOf = (prepared: Prepared): number => (prepared.kind === 'copy' ? sizeOf(prepared.shape) : 0);

/** Prepares an operand for a kernel. If it needs a copy, this goes into the scratch at `offset`, in elements. */
const prepareOperand = (prepared: Prepared, frame: Frame, scratch: View | null, offset: number): Operand => {
  if (prepared.kind === 'in place') return operandOf(frame, prepared.view);
  const { shape, from, to } = prepared;
  const place: View = {
    ...scratch!,
    offset: scratch!.offset + offset,
    shape,
    strides: denseStrides(shape),
  };
  const data = elementsOf(frame, place);
  if (sizeOf(from.shape) < sizeOf(shape)) data.fill(0);
  copyStrided(from.shape, frame.arrays[from.buffer]!, from, data, to);
  return operandOf(frame, place);
};

/** Scratch elements for the copies. Steps run one after another, so they share the largest size. */
export const anchorScratch = (call: AnchorCall): number =>
  Math.max(...stepsOf(call).map(({ operands: [[, left], [, right]] }) => scratchOf(left) + scratchOf(right)));

/** Rule that runs anchors with tfjs's kernels. */
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
            [leftName]: prepareOperand(left, frame, scratch, 0),
            [rightName]: prepareOperand(right, frame, scratch, scratchOf(left)),
          };
          kernels.run(kernel, inputs, attributes, sizeOf(output.shape), ([result]) => {
            frame.refresh();
            copyStrided(output.shape, result!, dense(output.shape), frame.arrays[output.buffer]!, output);
          });
        }
      },
    };
  };
