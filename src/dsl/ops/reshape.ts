/** Other views of the same numbers: reshape, transpose, broadcast. An axis may count from the end. */
import type { Extent, Extents, Wide, Widened } from '../dim.js';
import { dual, type OneError } from '../dual.js';
import { named, raise, showShape } from '../errors.js';
import { isExtent } from '../extent.js';
import { sizeOf } from '../node.js';
import { axisOf, reshape as reshapeNode, transpose as transposeNode } from '../primitives/index.js';
import type { Insert, Permuted, Without } from '../shape.js';
import {
  type AnyTensor,
  type Dim,
  dims,
  type DType,
  nodeOf,
  type Shape,
  type Tensor,
  tensor,
} from '../tensor.js';
import { spread, startsWithTensor } from './operand.js';

/** Extents, or −1; `any` is neither. */
type Requested<E> = {
  [I in keyof E]: 0 extends 1 & E[I] ? never : E[I] extends -1 ? E[I] : Extent<E[I]>;
};
type Reshaped<E> = {
  -readonly [I in keyof E]: E[I] extends -1 ? Dim : Wide<E[I]>;
};

/**
 * The same numbers, in row-major order, in another shape. One extent may be −1: what is left. Raises
 * `ShapeError` where the number of elements differs.
 *
 * @example
 * pipe(iota(6), reshape(2, -1)) // → [[0, 1, 2], [3, 4, 5]]
 * pipe(zeros(8, 28, 28, 1), reshape(8, 784)) // : Tensor<[8, 784]>
 */
export const reshape: OneError & {
  <const E extends readonly number[]>(
    ...extents: Requested<E>
  ): <D extends DType>(x: Tensor<Shape, D>) => Tensor<Reshaped<E>, D>;
  <D extends DType, const E extends readonly number[]>(
    x: Tensor<Shape, D>,
    ...extents: Requested<E>
  ): Tensor<Reshaped<E>, D>;
} = dual('reshape', startsWithTensor, (x: AnyTensor, ...extents: readonly number[]) =>
  tensor(reshapeNode(nodeOf(x), resolved(extents, nodeOf(x).shape))),
);

/** The extents with the −1 among them, if there is one, replaced by what is left. */
const resolved = (extents: readonly number[], shape: readonly number[]): readonly number[] => {
  const known = extents.filter((d) => d !== -1);
  const rest = sizeOf(shape) / sizeOf(known);
  const open = extents.length - known.length;
  if (open > 1 || (open === 1 && !Number.isInteger(rest)) || !known.every(isExtent))
    raise('ShapeError', {
      where: 'reshape',
      expected: `extents for the ${sizeOf(shape)} elements of ${showShape(shape)}, at most one of them -1`,
      actual: showShape(extents),
      hint: 'the extents must multiply to the number of elements',
    });
  return extents.map((d) => (d === -1 ? rest : d));
};

/**
 * The axes in another order: axis i of the result is axis `permutation[i]` of x.
 *
 * @example
 * pipe(constantOf([1, 2, 3, 4], 2, 2), transpose(1, 0)) // → [[1, 3], [2, 4]]
 * pipe(zeros(8, 28, 28, 3), transpose(0, 3, 1, 2)) // : Tensor<[8, 3, 28, 28]>
 */
export const transpose: OneError & {
  <const P extends readonly number[]>(
    ...permutation: P
  ): <S extends Shape, D extends DType>(x: Tensor<S, D>) => Tensor<Permuted<S, P>, D>;
  <S extends Shape, D extends DType, const P extends readonly number[]>(
    x: Tensor<S, D>,
    ...permutation: P
  ): Tensor<Permuted<S, P>, D>;
} = dual('transpose', startsWithTensor, (x: AnyTensor, ...permutation: readonly number[]) =>
  tensor(transposeNode(nodeOf(x), permutation)),
);

/**
 * Repeats x over a shape that it fits from the right: its axes are 1, equal, or missing on the left. Raises
 * `ShapeError` where it does not fit.
 *
 * @example
 * pipe(iota(3), broadcastTo(2, 3)) // → [[0, 1, 2], [0, 1, 2]]
 * pipe(zeros(64), broadcastTo(8, 28, 28, 64)) // : Tensor<[8, 28, 28, 64]>
 */
export const broadcastTo: OneError & {
  <const E extends readonly number[]>(
    ...extents: Extents<E>
  ): <D extends DType>(x: Tensor<Shape, D>) => Tensor<Widened<E>, D>;
  <D extends DType, const E extends readonly number[]>(
    x: Tensor<Shape, D>,
    ...extents: Extents<E>
  ): Tensor<Widened<E>, D>;
} = dual('broadcastTo', startsWithTensor, (x: AnyTensor, ...extents: readonly number[]) =>
  tensor(named('broadcastTo', () => spread(nodeOf(x), extents))),
);

/**
 * {@link broadcastTo} the shape of `model`.
 *
 * @example
 * pipe(iota(3), broadcastLike(zeros(2, 3))) // → [[0, 1, 2], [0, 1, 2]]
 */
export const broadcastLike: {
  <S extends Shape, D extends DType>(x: Tensor<Shape, D>, model: Tensor<S, DType>): Tensor<S, D>;
  <S extends Shape>(model: Tensor<S, DType>): <D extends DType>(x: Tensor<Shape, D>) => Tensor<S, D>;
} = dual('broadcastLike', 2, (x: AnyTensor, model: AnyTensor) =>
  tensor(named('broadcastLike', () => spread(nodeOf(x), dims(model)))),
);

/**
 * A new axis of extent 1, which is `axis` of the result.
 *
 * @example
 * pipe(zeros(8, 28, 28), expandDims(-1)) // : Tensor<[8, 28, 28, 1]>
 * pipe(iota(2), expandDims(1)) // → [[0], [1]]
 */
export const expandDims: {
  <S extends Shape, D extends DType, const A extends number>(
    x: Tensor<S, D>,
    axis: A,
  ): Tensor<Insert<S, A, 1>, D>;
  <const A extends number>(
    axis: A,
  ): <S extends Shape, D extends DType>(x: Tensor<S, D>) => Tensor<Insert<S, A, 1>, D>;
} = dual('expandDims', 2, (x: AnyTensor, axis: number) => {
  const n = nodeOf(x);
  const at = axisOf('expandDims', { ...n, shape: [1, ...n.shape] }, axis);
  return tensor(reshapeNode(n, [...n.shape.slice(0, at), 1, ...n.shape.slice(at)]));
});

/**
 * Drops an axis of extent 1. Raises `ShapeError` where it has another extent.
 *
 * @example
 * pipe(zeros(8, 28, 28, 1), squeeze(-1)) // : Tensor<[8, 28, 28]>
 * pipe(attempt(() => squeeze(zeros(8, 1), 0)), E.mapLeft(({ _tag }) => _tag)) // → E.left('ShapeError')
 */
export const squeeze: {
  <S extends Shape, D extends DType, const A extends number>(
    x: Tensor<S, D>,
    axis: A,
  ): Tensor<Without<S, [A]>, D>;
  <const A extends number>(
    axis: A,
  ): <S extends Shape, D extends DType>(x: Tensor<S, D>) => Tensor<Without<S, [A]>, D>;
} = dual('squeeze', 2, (x: AnyTensor, axis: number) => {
  const n = nodeOf(x);
  const at = axisOf('squeeze', n, axis);
  if (n.shape[at] !== 1)
    raise('ShapeError', {
      where: 'squeeze',
      expected: `extent 1 on axis ${axis}`,
      actual: showShape(n.shape),
      hint: 'reduce the axis instead, or pick an element of it with slice',
    });
  return tensor(reshapeNode(n, n.shape.filter((_, i) => i !== at))); // prettier-ignore
});
