/** Primitives that are neither regions nor anchors, each by a shader of its own. */
import type { Plan, View } from '../../../dsl/plan.js';
import { type AnchorCall, type Convolution, convolutionOf } from '../../shared/convolution.js';
import type { GpuRule } from '../dispatch.js';
import { directConvolution } from './directConvolution.js';
import { directProduct } from './directProduct.js';
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

/** As a product of matrices, a convolution with one place in the result has one row an image. */
const hasOneRow = ({ image, kernel, output, attributes }: Convolution): boolean => {
  const [height, width] = output.shape.slice(1, 3);
  if (height !== 1 || width !== 1) return false;
  const isWhole =
    image.shape[1] === kernel.shape[0] &&
    image.shape[2] === kernel.shape[1] &&
    attributes.padding.flat().every((p) => p === 0);
  return !isWhole || output.shape[0] === 1; // else the images are rows of one product
};

/**
 * Anchors that tfjs has no kernel for: convolutions of several groups; and products with a single row, where its
 * kernel multiplies what lies beyond an operand by 0, and makes NaN of it if that is infinite.
 */
export const isDirect = (call: AnchorCall): boolean => {
  const convolution = convolutionOf(call);
  if (convolution === null) return call.output.shape.at(-2) === 1;
  const { groups, batchGroups } = convolution.attributes;
  return groups * batchGroups > 1 || (call.anchor.op === 'conv2d' && hasOneRow(convolution));
};

export const directRule =
  (plan: Plan, limits: Limits): GpuRule =>
  (call) => {
    if (call.kind !== 'anchor' || !isDirect(call)) return null;
    const convolution = convolutionOf(call);
    if (convolution === null) {
      const operands = call.inputs as readonly [View, View]; // a dot, as it is no convolution
      return threadsKernel('product', plan, limits, operands, call.output, (at) =>
        directProduct(operands, call.output, at),
      );
    }
    const { image, kernel, output } = convolution;
    return threadsKernel('convolution', plan, limits, [image, kernel], output, (at) =>
      directConvolution(convolution, at),
    );
  };
