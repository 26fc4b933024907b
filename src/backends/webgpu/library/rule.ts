/** Kernels for primitives that are neither regions nor anchors. */
import type { Plan, View } from '../../../dsl/plan/plan.js';
import type { GpuRule } from '../device/dispatch.js';
import type { ShaderLimits } from '../wgsl/shader.js';
import { cumulativeSum, argmax, topKIndices } from './alongAxis.js';
import { addRows, gatherRows } from './indexing.js';
import { type ElementAt, type Threads, threadsKernel } from './shader.js';

/** Handles library calls: gather, scatterAdd, cumsum, argmax and topKIndices. */
export const libraryRule =
  (plan: Plan, limits: ShaderLimits): GpuRule =>
  (call) => {
    if (call.kind !== 'library') return null;
    const { node, inputs, output } = call;
    const one = inputs as readonly [View]; // the number of inputs of the primitive
    const two = inputs as readonly [View, View];
    const threads = ((): ((at: ElementAt) => Threads) | null => {
      switch (node.op) {
        case 'gather':
          return (at) => gatherRows(two, output, at);
        case 'scatterAdd':
          return (at) => addRows(two, output, at);
        case 'cumsum':
          return (at) => cumulativeSum(one, output, node.attributes, at);
        case 'argmax':
          return (at) => argmax(one, output, node.attributes, at);
        case 'topKIndices':
          return (at) => topKIndices(one, output, node.attributes, at);
        default:
          return null;
      }
    })();
    return threads === null ? null : threadsKernel(node.op, plan, limits, inputs, output, threads);
  };
