/** Each primitive, and the gradient of a convolution by its kernel, as kernels on tensors. */
import { filterGradientOptionsOf } from '../../../dsl/composites/index.js';
import { sizeOf } from '../../../dsl/node.js';
import type { LibraryNode, View } from '../../../dsl/plan.js';
import { identityOf } from '../../../dsl/region.js';
import type { Tensor } from './engine.js';
import { convolutionOf, filterGradientOf } from './convolution.js';
import { binaryOf, castOf, unaryOf } from './elementwise.js';
import { gatherOf, scatterAddOf } from './indexing.js';
import { padOf, sliceOf } from './movement.js';
import type { Operations } from './operations.js';
import { argmaxOf, reductionOf } from './reduction.js';

/** Computes a primitive on tensors, none of which is empty. */
export type Work = (inputs: readonly Tensor[]) => Tensor;

const unary =
  (work: (x: Tensor) => Tensor): Work =>
  ([x]) =>
    work(x!);

const binary =
  (work: (a: Tensor, b: Tensor) => Tensor): Work =>
  ([a, b]) =>
    work(a!, b!);

/** A number for each place along an axis, repeated along the others. */
const iotaOf = (ops: Operations, axis: number, { shape, dtype }: View): Work => {
  const along = shape.map((extent, i) => (i === axis ? extent : 1));
  return () => ops.tile(ops.cast(ops.positions(along), dtype), shape);
};

/** What carries out a primitive on inputs of these views; null for what never comes as a library call. */
const workOf = (ops: Operations, node: LibraryNode, inputs: readonly View[], output: View): Work | null => {
  const { shape } = output;
  const dtype = inputs[0]?.dtype ?? output.dtype;
  switch (node.op) {
    case 'iota':
      return iotaOf(ops, node.attributes.axis, output);
    case 'unary':
      return unary(unaryOf(ops, node.attributes.fn, dtype));
    case 'binary':
      return binary(binaryOf(ops, node.attributes.fn, dtype));
    case 'select':
      return ([condition, a, b]) => ops.select(condition!, a!, b!);
    case 'cast':
      return unary(castOf(ops, dtype, output.dtype));
    case 'reshape':
      return unary((x) => ops.reshape(x, shape));
    case 'barrier':
    case 'stopGradient':
      return unary((x) => x);
    case 'transpose': {
      const { permutation } = node.attributes;
      return unary((x) => ops.transpose(x, permutation));
    }
    case 'broadcast':
      // a number may come as one, without its axes
      return unary((x) => ops.tile(ops.reshape(x, inputs[0]!.shape), shape));
    case 'slice':
      return unary(sliceOf(ops, node.attributes, shape));
    case 'flip': {
      const { axes } = node.attributes;
      return unary((x) => ops.reverse(x, axes));
    }
    case 'pad':
      return unary(padOf(ops, node.attributes));
    case 'concat': {
      const { axis } = node.attributes;
      return (parts) => ops.concat(parts, axis);
    }
    case 'reduce': {
      const { fn, axes } = node.attributes;
      const reduction = reductionOf(ops, fn, dtype);
      return unary((x) => reduction(x, axes));
    }
    case 'cumsum': {
      const { axis, reverse } = node.attributes;
      return unary((x) => ops.engine.run('Cumsum', { x }, { axis, exclusive: false, reverse }));
    }
    case 'argmax':
      return unary(argmaxOf(ops, node.attributes.axis));
    case 'gather':
      return binary(gatherOf(ops));
    case 'scatterAdd':
      return binary(scatterAddOf(ops, node.attributes.size));
    case 'dot':
      return binary((a, b) =>
        ops.engine.run('BatchMatMul', { a, b }, { transposeA: false, transposeB: false }),
      );
    case 'conv2d':
      return binary(convolutionOf(ops, node.attributes));
    case 'composite': {
      if (node.attributes.composite.name !== 'filterGradient') return null;
      const { attributes } = filterGradientOptionsOf(node.attributes.options);
      return binary(filterGradientOf(ops, attributes, shape as readonly [number, number, number, number]));
    }
    default:
      return null; // topK is carried out on the host; the others have calls of their own
  }
};

/** What a primitive gives where an operand has no elements, and the result has some. */
const ofNothing = (ops: Operations, node: LibraryNode, { shape, dtype }: View): Work => {
  const value =
    node.op === 'reduce' ? identityOf(node.attributes.fn, dtype) : node.op === 'pad' ? node.attributes.value : 0;
  return () => ops.full(value, shape, dtype);
}; // prettier-ignore

/** {@link workOf} of inputs some of which may be empty: those are not among what it is given. */
export const primitiveOf = (
  ops: Operations,
  node: LibraryNode,
  inputs: readonly View[],
  output: View,
): Work | null => {
  const present = inputs.filter((view) => sizeOf(view.shape) > 0);
  if (present.length === inputs.length || (node.op === 'concat' && present.length > 0))
    return workOf(ops, node, present, output);
  return ofNothing(ops, node, output);
};
