/** Runs matrix products, convolutions and filter gradients with our own WebAssembly kernels. */
import type { View } from '../../dsl/compile/plan.js';
import { type AnchorCall, type Convolution, partsOf } from '../shared/convolution.js';
import type { Frame, Rule } from '../shared/kernel.js';
import { type ConvProblem, convScratchElements } from './kernels/conv.js';
import { filterGradientScratchElements } from './kernels/filterGradient.js';
import { type GemmProblem, gemmScratchElements, type MatrixStrides } from './kernels/gemm.js';
import type { SimdKernels } from './kernels/kernels.js';

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

type Four = readonly [number, number, number, number];

const imageOf = ({ strides }: View) => {
  const [image, row, pixel, channel] = strides as Four; // an image has four axes
  return { image, row, pixel, channel };
};

const convOf = ({ image, kernel, output, attributes }: Convolution): ConvProblem => {
  const [, height, width, channels] = image.shape as Four;
  const [windowHeight, windowWidth] = kernel.shape as Four;
  const [batch, outHeight, outWidth, outChannels] = output.shape as Four;
  const [row, column, input, outputStride] = kernel.strides as Four;
  return {
    batch,
    input: [height, width],
    channels,
    window: [windowHeight, windowWidth],
    output: [outHeight, outWidth],
    outChannels,
    strides: attributes.strides,
    padding: [attributes.padding[0][0], attributes.padding[1][0]],
    dilation: attributes.rhsDilation,
    inputDilation: attributes.lhsDilation,
    x: imageOf(image),
    filter: { row, column, input, output: outputStride },
    y: imageOf(output),
  };
};

/**
 * One kernel run: its scratch size in elements, the run itself on byte addresses, and the views it reads and writes.
 */
interface Step {
  readonly scratch: number;
  readonly run: (left: number, right: number, output: number, scratch: number) => void;
  readonly views: readonly [View, View, View];
}

/** Splits an anchor into kernel runs. With `kernels` null they have scratch sizes but do nothing when run. */
const stepsOf = (call: AnchorCall, kernels: SimdKernels | null): readonly Step[] => {
  const { anchor, output } = call;
  const [left, right] = call.inputs as readonly [View, View]; // every anchor has two inputs
  switch (anchor.op) {
    case 'dot': {
      const problem = productOf(call);
      return [
        {
          scratch: gemmScratchElements(problem),
          run: (a, b, c, scratch) => kernels?.gemm(problem, { a, b, c, scratch }),
          views: [left, right, output],
        },
      ];
    }
    case 'conv2d':
      return partsOf({ image: left, kernel: right, output, attributes: anchor.attributes }).map((part) => {
        const problem = convOf(part);
        return {
          scratch: convScratchElements(problem),
          run: (x, filter, y, scratch) => kernels?.conv(problem, { x, filter, y, scratch }),
          views: [part.image, part.kernel, part.output],
        };
      });
    case 'filterGradient':
      // the gradient splits into the same parts as the convolution
      return partsOf({ image: left, kernel: output, output: right, attributes: anchor.attributes }).map((part) => {
        const { y: dy, ...geometry } = convOf(part);
        const problem = { ...geometry, dy };
        return {
          scratch: filterGradientScratchElements(problem),
          run: (x, cotangent, filter, scratch) =>
            kernels?.filterGradient(problem, { x, dy: cotangent, filter, scratch }),
          views: [part.image, part.output, part.kernel],
        };
      });
  }
};

const NAMES = { dot: 'simd gemm', conv2d: 'simd conv', filterGradient: 'simd filterGradient' } as const;

/** Scratch elements that an anchor needs. Its parts run one after another, so they share the largest size. */
export const simdScratch = (call: AnchorCall): number => Math.max(...stepsOf(call, null).map(({ scratch }) => scratch));

const addressIn = ({ addresses }: Frame, { buffer, offset }: View): number => addresses[buffer]! + 4 * offset;

/** Rule that runs anchors with the kernels of one WebAssembly memory. */
export const simdAnchorRule =
  (kernels: SimdKernels): Rule =>
  (call) => {
    if (call.kind !== 'anchor') return null;
    const scratch = call.scratch!; // allocated because `simdScratch` reports a size
    const steps = stepsOf(call, kernels);
    return {
      name: NAMES[call.anchor.op],
      run: (frame) => {
        for (const { run, views } of steps) {
          const [left, right, output] = views;
          run(addressIn(frame, left), addressIn(frame, right), addressIn(frame, output), addressIn(frame, scratch));
        }
      },
    };
  };
