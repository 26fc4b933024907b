/** Matrix products by our own WebAssembly. */
import type { View } from '../../dsl/plan.js';
import type { AnchorCall } from '../shared/convolution.js';
import type { Rule } from '../shared/kernel.js';
import { gemmScratchElements, type GemmProblem, type MatrixStrides } from '../simd/gemm.js';
import type { SimdKernels } from '../simd/kernels.js';

const stridesOf = ({ strides }: View): MatrixStrides => ({
  batch: strides.slice(0, -2),
  row: strides.at(-2)!,
  column: strides.at(-1)!,
});

const problemOf = ({ inputs, output }: AnchorCall): GemmProblem => {
  const [a, b] = inputs as readonly [View, View];
  return {
    m: output.shape.at(-2)!,
    n: output.shape.at(-1)!,
    k: a.shape.at(-1)!,
    batch: output.shape.slice(0, -2),
    a: stridesOf(a),
    b: stridesOf(b),
    c: stridesOf(output),
  };
};

/** The scratch of a matrix product; null for other anchors. */
export const productScratch = (call: AnchorCall): number | null =>
  call.anchor.op === 'dot' ? gemmScratchElements(problemOf(call)) : null;

export const productRule =
  (kernels: SimdKernels): Rule =>
  (call) => {
    if (call.kind !== 'anchor' || call.anchor.op !== 'dot') return null;
    const problem = problemOf(call);
    const [a, b] = call.inputs as readonly [View, View];
    const scratch = call.scratch!; // the capabilities asked for it
    return {
      name: 'simd gemm',
      run: ({ addresses }) => {
        const at = ({ buffer, offset }: View): number => addresses[buffer]! + 4 * offset;
        kernels.gemm(problem, { a: at(a), b: at(b), c: at(call.output), scratch: at(scratch) });
      },
    };
  };
