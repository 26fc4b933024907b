/** The kernels of networks of images: convolutions, filter gradients and attention. */
import type { View } from '../../dsl/plan/plan.js';
import { type Convolution, partsOf } from '../shared/convolution.js';
import { type CallOf, type Kernels, placeOf, runOf } from './anchors.js';
import { attention, attentionScratchElements } from './kernels/attention/attention.js';
import { attentionFunctions } from './kernels/attention/functions.js';
import { attentionGradient, attentionGradientScratchElements } from './kernels/attention/gradient.js';
import { type AttentionProblem, productWork } from './kernels/attention/problem.js';
import { copyBlocks } from './kernels/copyBlocks.js';
import { conv, convScratchElements } from './kernels/convolution/conv.js';
import { filterGradient, filterGradientScratchElements } from './kernels/convolution/filterGradient.js';
import type { MatrixStrides } from './kernels/gemm.js';
import { convWork } from './kernels/geometry.js';
import { outerKernel } from './kernels/outerKernel.js';
import type { ConvProblem } from './kernels/problems.js';
import { PANEL_WIDTHS } from './kernels/tiles.js';
import { winogradFunctions } from './kernels/winograd/functions.js';
import { products } from './products.js';

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

/** A view `[…, N, heads, d]` as a batch of matrices `[N, d]`, one for each head. */
const headsOf = ({ strides }: View): MatrixStrides => ({
  batch: [...strides.slice(0, -3), strides.at(-2)!],
  row: strides.at(-3)!,
  column: strides.at(-1)!,
});

const attentionOf = (scale: number, [q, k, v]: readonly View[]): AttentionProblem => ({
  queries: q!.shape.at(-3)!,
  keys: k!.shape.at(-3)!,
  depth: q!.shape.at(-1)!,
  scale,
  batch: [...q!.shape.slice(0, -3), q!.shape.at(-2)!],
  q: headsOf(q!),
  k: headsOf(k!),
  v: headsOf(v!),
});

const CONV = { elements: convScratchElements, multiplyAdds: convWork, stages: conv };
const FILTER_GRADIENT = { elements: filterGradientScratchElements, multiplyAdds: convWork, stages: filterGradient };
const ATTENTION = {
  elements: attentionScratchElements,
  multiplyAdds: (problem: AttentionProblem) => 2 * productWork(problem),
  stages: attention,
};
const ATTENTION_GRADIENT = {
  elements: attentionGradientScratchElements,
  multiplyAdds: (problem: AttentionProblem) => 5 * productWork(problem),
  stages: attentionGradient,
};

type Operands = readonly [View, View, View, View]; // the cast is safe: the anchor has four operands

/** All kernels. */
export const allKernels = {
  name: 'all',
  anchors: {
    ...products.anchors,
    conv2d: {
      name: 'simd conv',
      runsOf: ({ anchor, inputs, output }: CallOf<'conv2d'>) => {
        const [image, kernel] = inputs as Operands;
        return partsOf({ image, kernel, output, attributes: anchor.attributes }).map((part) => {
          const at = { x: placeOf(part.image), filter: placeOf(part.kernel), y: placeOf(part.output) };
          return runOf(CONV, convOf(part), at);
        });
      },
    },
    filterGradient: {
      name: 'simd filterGradient',
      runsOf: ({ anchor, inputs, output }: CallOf<'filterGradient'>) => {
        const [image, gradient] = inputs as Operands;
        // the gradient splits into the same parts as the convolution
        return partsOf({ image, kernel: output, output: gradient, attributes: anchor.attributes }).map((part) => {
          const { y: dy, ...geometry } = convOf(part);
          const at = { x: placeOf(part.image), dy: placeOf(part.output), filter: placeOf(part.kernel) };
          return runOf(FILTER_GRADIENT, { ...geometry, dy }, at);
        });
      },
    },
    attention: {
      name: 'simd attention',
      runsOf: ({ anchor, inputs, output }: CallOf<'attention'>) => {
        const [q, k, v] = inputs as Operands;
        const problem = { ...attentionOf(anchor.scale, inputs), y: headsOf(output) };
        return [runOf(ATTENTION, problem, { q: placeOf(q), k: placeOf(k), v: placeOf(v), y: placeOf(output) })];
      },
    },
    attentionGradient: {
      name: 'simd attentionGradient',
      runsOf: ({ anchor, inputs, output }: CallOf<'attentionGradient'>) => {
        const [q, k, v, dy] = inputs as Operands;
        const problem = { ...attentionOf(anchor.scale, inputs), dy: headsOf(dy), gradients: headsOf(output) };
        const at = { q: placeOf(q), k: placeOf(k), v: placeOf(v), dy: placeOf(dy) };
        return [runOf(ATTENTION_GRADIENT, problem, { ...at, gradients: placeOf(output) })];
      },
    },
  },
  functions: ({ multiplyAdd, tiles }) => [
    copyBlocks,
    ...winogradFunctions,
    ...attentionFunctions(multiplyAdd),
    ...PANEL_WIDTHS.map((width) => outerKernel(width, multiplyAdd, tiles)),
  ],
} satisfies Kernels;
