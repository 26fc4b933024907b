/** The kernels of matrix products, which every wasm backend has. */
import type { View } from '../../dsl/plan/plan.js';
import type { AnchorCall } from '../shared/anchors.js';
import { type Kernels, placeOf, runOf } from './anchors.js';
import { gemm, type GemmProblem, gemmScratchElements, gemmWork, type MatrixStrides } from './kernels/gemm.js';

const matrixOf = ({ strides }: View): MatrixStrides => ({
  batch: strides.slice(0, -2),
  row: strides.at(-2)!,
  column: strides.at(-1)!,
});

const productOf = ({ inputs, output }: AnchorCall): GemmProblem => {
  const [a, b] = inputs as readonly [View, View]; // a dot has two inputs
  return {
    m: output.shape.at(-2)!,
    n: output.shape.at(-1)!,
    k: a.shape.at(-1)!,
    batch: output.shape.slice(0, -2),
    a: matrixOf(a),
    b: matrixOf(b),
    c: matrixOf(output),
  };
};

const GEMM = { elements: gemmScratchElements, multiplyAdds: gemmWork, stages: gemm };

/** The kernels of a backend that computes no images. */
export const products = {
  name: 'products',
  anchors: {
    dot: {
      name: 'simd gemm',
      runsOf: (call) => {
        const [a, b] = call.inputs as readonly [View, View]; // a dot has two inputs
        return [runOf(GEMM, productOf(call), { a: placeOf(a), b: placeOf(b), c: placeOf(call.output) })];
      },
    },
  },
  functions: () => [],
} satisfies Kernels;
