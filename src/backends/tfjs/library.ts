/** Runs primitives that are a single tfjs kernel on dense tensors. */
import { sizeOf } from '../../dsl/graph/node.js';
import type { LibraryNode, View } from '../../dsl/compile/plan.js';
import { elementsOf, type Frame, type Rule } from '../shared/kernel.js';
import type { KernelName, Operand, TfjsKernels } from './tensors.js';

type Attributes = Parameters<TfjsKernels['run']>[2];

/** A kernel for a call, with its inputs by tfjs's names. */
interface KernelCall {
  readonly name: KernelName;
  readonly inputs: (operands: readonly Operand[]) => Readonly<Record<string, Operand>>;
  readonly attributes: Attributes;
}

/** The kernel for a primitive, or null. */
const kernelCall = (node: LibraryNode): KernelCall | null => {
  switch (node.op) {
    case 'cumsum': {
      const { axis, reverse } = node.attributes;
      return {
        name: 'Cumsum',
        inputs: ([x]) => ({ x: x! }),
        attributes: { axis, reverse, exclusive: false },
      };
    }
    case 'argmax':
      return {
        name: 'ArgMax',
        inputs: ([x]) => ({ x: x! }),
        attributes: { axis: node.attributes.axis },
      };
    default:
      return null;
  }
};

/** Converts a dense view to an operand. */
export const operandOf = (frame: Frame, view: View): Operand => ({
  data: elementsOf(frame, view),
  address: frame.addresses[view.buffer]! + 4 * view.offset,
  shape: view.shape,
  dtype: view.dtype === 'float32' ? 'float32' : 'int32',
});

/** Rule that runs library calls with tfjs's kernels. */
export const libraryRule =
  (kernels: TfjsKernels): Rule =>
  (call) => {
    if (call.kind !== 'library') return null;
    const { inputs, output } = call;
    const kernel = kernelCall(call.node);
    if (kernel === null) return null;
    return {
      name: `tfjs ${kernels.backend} ${kernel.name}`,
      run: (frame) => {
        const operands = inputs.map((view) => operandOf(frame, view));
        kernels.run(kernel.name, kernel.inputs(operands), kernel.attributes, sizeOf(output.shape), ([result]) => {
          frame.refresh();
          elementsOf(frame, output).set(result!);
        });
      },
    };
  };
