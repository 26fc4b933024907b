/** Runs matrix products, convolutions, filter gradients and attention with our own WebAssembly kernels. */
import type { View } from '../../dsl/compile/plan.js';
import type { AnchorCall } from '../shared/anchors.js';
import { type Convolution, partsOf } from '../shared/convolution.js';
import type { Rule } from '../shared/kernel.js';
import type { WasmKernel } from './engine/kernel.js';
import { MOST_SHARES, type Place, ranges, serial, shift, type Stage } from './engine/stage.js';
import { conv, convScratchElements } from './kernels/conv.js';
import { attention, attentionScratchElements } from './kernels/attention/attention.js';
import { attentionGradient, attentionGradientScratchElements } from './kernels/attention/gradient.js';
import { type AttentionProblem, productWork } from './kernels/attention/problem.js';
import type { ConvProblem } from './kernels/problems.js';
import { convWork } from './kernels/geometry.js';
import { filterGradient, filterGradientScratchElements } from './kernels/filterGradient.js';
import { gemm, type GemmProblem, gemmScratchElements, gemmWork, type MatrixStrides } from './kernels/gemm.js';
import { WORD_BYTES } from './numbers.js';

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

/** The place of a view. */
const placeOf = ({ buffer, offset }: View): Place => ({ buffer, offset: WORD_BYTES * offset });

/** A run of a kernel: the scratch that it needs, in elements, and its stages, which are made from the place of the scratch. */
interface KernelRun {
  readonly elements: () => number;
  readonly multiplyAdds: number;
  readonly stages: (scratch: Place) => readonly Stage[];
}

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

/** A kernel: the scratch that it needs for a problem, in elements, its multiply-adds and its stages. */
interface Kernel<Q, A> {
  readonly elements: (problem: Q) => number;
  readonly multiplyAdds: (problem: Q) => number;
  readonly stages: (problem: Q, at: A & { readonly scratch: Place }) => readonly Stage[];
}

const KERNELS = {
  dot: { name: 'simd gemm', elements: gemmScratchElements, multiplyAdds: gemmWork, stages: gemm },
  conv2d: { name: 'simd conv', elements: convScratchElements, multiplyAdds: convWork, stages: conv },
  filterGradient: {
    name: 'simd filterGradient',
    elements: filterGradientScratchElements,
    multiplyAdds: convWork,
    stages: filterGradient,
  },
  attention: {
    name: 'simd attention',
    elements: attentionScratchElements,
    multiplyAdds: (problem: AttentionProblem) => 2 * productWork(problem),
    stages: attention,
  },
  attentionGradient: {
    name: 'simd attentionGradient',
    elements: attentionGradientScratchElements,
    multiplyAdds: (problem: AttentionProblem) => 5 * productWork(problem),
    stages: attentionGradient,
  },
};

/** Makes the run of a kernel from the places of its operands. */
const runOf = <Q, A>({ elements, multiplyAdds, stages }: Kernel<Q, A>, problem: Q, at: A): KernelRun => ({
  elements: () => elements(problem),
  multiplyAdds: multiplyAdds(problem),
  stages: (scratch) => stages(problem, { ...at, scratch }),
});

/** The kernel runs of an anchor: one for each group of a convolution. */
const runsOf = (call: AnchorCall): readonly KernelRun[] => {
  const { anchor, output } = call;
  const [left, right, third, fourth] = call.inputs as readonly [View, View, View, View]; // one for each operand of the anchor
  switch (anchor.op) {
    case 'dot':
      return [runOf(KERNELS.dot, productOf(call), { a: placeOf(left), b: placeOf(right), c: placeOf(output) })];
    case 'conv2d':
      return partsOf({ image: left, kernel: right, output, attributes: anchor.attributes }).map((part) => {
        const at = { x: placeOf(part.image), filter: placeOf(part.kernel), y: placeOf(part.output) };
        return runOf(KERNELS.conv2d, convOf(part), at);
      });
    case 'filterGradient':
      // the gradient splits into the same parts as the convolution
      return partsOf({ image: left, kernel: output, output: right, attributes: anchor.attributes }).map((part) => {
        const { y: dy, ...geometry } = convOf(part);
        const at = { x: placeOf(part.image), dy: placeOf(part.output), filter: placeOf(part.kernel) };
        return runOf(KERNELS.filterGradient, { ...geometry, dy }, at);
      });
    case 'attention': {
      const problem = { ...attentionOf(anchor.scale, call.inputs), y: headsOf(output) };
      const at = { q: placeOf(left), k: placeOf(right), v: placeOf(third), y: placeOf(output) };
      return [runOf(KERNELS.attention, problem, at)];
    }
    case 'attentionGradient': {
      const problem = { ...attentionOf(anchor.scale, call.inputs), dy: headsOf(fourth), gradients: headsOf(output) };
      const at = { q: placeOf(left), k: placeOf(right), v: placeOf(third), dy: placeOf(fourth) };
      return [runOf(KERNELS.attentionGradient, problem, { ...at, gradients: placeOf(output) })];
    }
  }
};

/** Several groups run concurrently, in shares with their own scratch; a single group is split internally. */
const sharesOf = (runs: readonly KernelRun[]): number => Math.min(MOST_SHARES, runs.length);

/** Scratch elements that a share needs. */
const shareElements = (runs: readonly KernelRun[]): number => Math.max(...runs.map(({ elements }) => elements()));

/** Scratch elements that an anchor needs. */
export const simdScratch = (call: AnchorCall): number => {
  const runs = runsOf(call);
  return sharesOf(runs) * shareElements(runs);
};

/** Rule that runs anchors with the SIMD kernels. */
export const simdAnchorRule: Rule<WasmKernel> = (call) => {
  if (call.kind !== 'anchor') return null;
  const runs = runsOf(call);
  const scratch = placeOf(call.scratch ?? call.output); // a kernel without scratch does not use the place of its scratch
  const stages = (): readonly Stage[] => {
    if (runs.length === 1) return runs[0]!.stages(scratch);
    const bytes = WORD_BYTES * shareElements(runs);
    return [
      ranges(runs.length, sharesOf(runs)).map(({ first, count }, share) =>
        runs.slice(first, first + count).flatMap((run) => serial(run.stages(shift(scratch, share * bytes)))),
      ),
    ];
  };
  const multiplyAdds = runs.reduce((sum, run) => sum + run.multiplyAdds, 0);
  return { kind: 'stages', name: KERNELS[call.anchor.op].name, stages, multiplyAdds };
};
