/** Implements every primitive, and the filter gradient of a convolution, with kernels on tensors. */
import { sizeOf } from '../../../internal/numbers.js';
import type { LibraryNode, View } from '../../../dsl/plan/plan.js';
import { identityOf } from '../../../dsl/graph/region.js';
import type { Tensor } from './engine.js';
import { convolutionOf, filterGradientOf } from './convolution.js';
import { binaryOf, castOf, unaryOf } from './elementwise.js';
import { gatherOf, scatterAddOf } from './indexing.js';
import { padOf, sliceOf } from './movement.js';
import type { Operations } from './operations.js';
import { argmaxOf, reductionOf } from './reduction.js';
import { topKOf } from './topK.js';

/** Computes a primitive on tensors. None of the tensors may be empty. */
export type TensorFunction = (inputs: readonly Tensor[]) => Tensor;

const unary =
  (work: (x: Tensor) => Tensor): TensorFunction =>
  ([x]) =>
    work(x!);

const binary =
  (work: (a: Tensor, b: Tensor) => Tensor): TensorFunction =>
  ([a, b]) =>
    work(a!, b!);

/** The index along an axis, repeated along the others. */
const iotaOf = (ops: Operations, axis: number, { shape, dtype }: View): TensorFunction => {
  const along = shape.map((extent, i) => (i === axis ? extent : 1));
  return () => ops.tile(ops.cast(ops.positions(along), dtype), shape);
};

/** The implementation of a primitive on inputs of these views; null for primitives that are never library calls. */
const nonEmptyPrimitiveOf = (
  ops: Operations,
  node: LibraryNode,
  inputs: readonly View[],
  output: View,
): TensorFunction | null => {
  const { shape } = output;
  const { exact } = ops.engine;
  const dtype = inputs[0]?.dtype ?? output.dtype;
  switch (node.op) {
    case 'iota':
      return iotaOf(ops, node.attributes.axis, output);
    case 'unary':
    case 'binary': {
      const { fn } = node.attributes;
      if (exact.covers(fn, dtype)) return (inputs) => exact.compute({ fn, dtype, result: output.dtype }, inputs);
      return node.op === 'unary'
        ? unary(unaryOf(ops, node.attributes.fn, dtype))
        : binary(binaryOf(ops, node.attributes.fn, dtype));
    }
    case 'select':
      return ([condition, a, b]) => ops.select(condition!, a!, b!);
    case 'cast':
      return unary(castOf(ops, dtype, output.dtype));
    case 'reshape':
      return unary((x) => ops.reshape(x, shape));
    case 'stored':
    case 'after':
    case 'stopGradient':
      return unary((x) => x);
    case 'transpose': {
      const { permutation } = node.attributes;
      return unary((x) => ops.transpose(x, permutation));
    }
    case 'broadcast':
      // the operand of a skipped broadcast has extents of 1 instead; a single element may lack axes, because its own reshape
      // was skipped (lazyBroadcasts.ts)
      return unary((x) =>
        ops.tile(
          x.size === 1
            ? ops.reshape(
                x,
                shape.map(() => 1),
              )
            : x,
          shape,
        ),
      );
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
    case 'topKIndices':
      return unary(topKOf(ops, node.attributes.k));
    case 'gather':
      return binary(gatherOf(ops));
    case 'scatterAdd':
      return binary(scatterAddOf(ops, node.attributes.size));
    case 'dot':
      return binary((a, b) => ops.engine.run('BatchMatMul', { a, b }, { transposeA: false, transposeB: false }));
    case 'conv2d':
      return binary(convolutionOf(ops, node.attributes));
    case 'composite': {
      const { composite, options } = node.attributes;
      const anchor = composite.anchor?.(options);
      if (anchor?.op !== 'filterGradient') return null;
      return binary(filterGradientOf(ops, anchor.attributes, shape as readonly [number, number, number, number]));
    }
    default:
      return null; // these are never library calls
  }
};

/** The result of a primitive with an operand without elements, if the result has elements. */
const emptyOperandResult = (ops: Operations, node: LibraryNode, { shape, dtype }: View): TensorFunction => {
  const value =
    node.op === 'reduce' ? identityOf(node.attributes.fn, dtype) : node.op === 'pad' ? node.attributes.value : 0;
  return () => ops.full(value, shape, dtype);
}; // oxfmt-ignore

/** The implementation of a primitive whose inputs may be empty. It is called with only the non-empty inputs. */
export const primitiveOf = (
  ops: Operations,
  node: LibraryNode,
  inputs: readonly View[],
  output: View,
): TensorFunction | null => {
  const present = inputs.filter((view) => sizeOf(view.shape) > 0);
  if (present.length === inputs.length || (node.op === 'concat' && present.length > 0))
    return nonEmptyPrimitiveOf(ops, node, present, output);
  return emptyOperandResult(ops, node, output);
};
