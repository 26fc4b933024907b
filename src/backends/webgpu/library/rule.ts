/** Primitives that are neither regions nor anchors, each by a shader of its own. */
import type { Plan, View } from '../../../dsl/plan.js';
import { convolutionOf } from '../../shared/convolution.js';
import type { GpuRule } from '../dispatch.js';
import { directConvolution } from './directConvolution.js';
import { cumulativeSum, greatest, greatestFew } from './lines.js';
import { addRows, gatherRows } from './rows.js';
import { type At, type Threads, threadsKernel } from './shader.js';

interface Limits {
  readonly maxComputeWorkgroupsPerDimension: number;
}

export const libraryRule =
  (plan: Plan, limits: Limits): GpuRule =>
  (call) => {
    if (call.kind !== 'library') return null;
    const { node, inputs, output } = call;
    const one = inputs as readonly [View]; // as the primitive takes
    const two = inputs as readonly [View, View];
    const threads = ((): ((at: At) => Threads) | null => {
      switch (node.op) {
        case 'gather':
          return (at) => gatherRows(two, output, at);
        case 'scatterAdd':
          return (at) => addRows(two, output, at);
        case 'cumsum':
          return (at) => cumulativeSum(one, output, node.attributes, at);
        case 'argmax':
          return (at) => greatest(one, output, node.attributes, at);
        case 'topKIndices':
          return (at) => greatestFew(one, output, node.attributes, at);
        default:
          return null;
      }
    })();
    return threads === null ? null : threadsKernel(node.op, plan, limits, inputs, output, threads);
  };

/** Convolutions of several groups: the kernels of products would run once for each. */
export const directRule =
  (plan: Plan, limits: Limits): GpuRule =>
  (call) => {
    const convolution = call.kind === 'anchor' ? convolutionOf(call) : null;
    if (convolution === null) return null;
    const { image, kernel, output, attributes } = convolution;
    if (attributes.groups * attributes.batchGroups === 1) return null;
    return threadsKernel('convolution', plan, limits, [image, kernel], output, (at) =>
      directConvolution(convolution, at),
    );
  };
