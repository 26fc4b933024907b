/** Elements along any axis by their index. An index out of range is clamped, as in `gather`. */
import type { Node } from '../../graph/node.js';
import { sizeOf } from '../../graph/node.js';
import { dual } from '../../dual.js';
import { named, raise, showShape } from '../../errors.js';
import { add, axisOf, binary, full, gather, iota, reshape, scale } from '../../primitives/index.js';
import type { Replace } from '../../types/shape.js';
import { type AnyTensor, type Dim, type DType, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import { exchange, spread } from '../operand.js';

type Gathered = Exclude<DType, 'key'>;

/** See {@link take}. */
interface Take {
  <const A extends number, K extends Dim>(
    axis: A,
    indices: Tensor<[K], 'int32'>,
  ): <S extends Shape, D extends Gathered>(x: Tensor<S, D>) => Tensor<Replace<S, A, K>, D>;
  <S extends Shape, D extends Gathered, const A extends number, K extends Dim>(
    x: Tensor<S, D>,
    axis: A,
    indices: Tensor<[K], 'int32'>,
  ): Tensor<Replace<S, A, K>, D>;
}

/**
 * Takes the elements of an axis at `indices: [K]`; the axis then has the extent K. Indices are clamped to the axis.
 * Raises `ShapeError` if the axis is empty.
 * @example
 * const columns = constantOf(Int32Array.of(2, 0), 2)
 * take(constantOf([1, 2, 3, 4, 5, 6], 2, 3), 1, columns) // → [[3, 1], [6, 4]]
 * take(zeros(8, 28, 64), -1, columns) // : Tensor<[8, 28, 2]>
 */
export const take: Take = dual('take', 3, (x: AnyTensor, axis: number, indices: AnyTensor) => {
  const n = nodeOf(x);
  const at = axisOf('take', n, axis);
  const taken = named('take', () => gather(exchange(n, 0, at), nodeOf(indices)));
  return tensor(exchange(taken, 0, at));
});

/** See {@link takeAlong}. */
interface TakeAlong {
  <const A extends number, I extends Shape>(
    axis: A,
    indices: Tensor<I, 'int32'>,
  ): <D extends Gathered>(x: Tensor<Replace<I, A, Dim>, D>) => Tensor<I, D>;
  <D extends Gathered, const A extends number, I extends Shape>(
    x: Tensor<Replace<I, A, Dim>, D>,
    axis: A,
    indices: Tensor<I, 'int32'>,
  ): Tensor<I, D>;
}

/**
 * Takes elements along an axis, from each row at its own indices, such as those of `argsort`. The other axes of `x` and
 * `indices` are equal. Indices are clamped to the axis. Raises `ShapeError` if the other axes differ.
 * @example
 * const at = constantOf(Int32Array.of(1, 0, 0, 2), 2, 2)
 * takeAlong(constantOf([1, 2, 3, 4, 5, 6], 2, 3), 1, at) // → [[2, 1], [4, 6]]
 */
export const takeAlong: TakeAlong = dual('takeAlong', 3, (x: AnyTensor, axis: number, indices: AnyTensor) => {
  const [n, places] = [nodeOf(x), nodeOf(indices)];
  const at = axisOf('takeAlong', n, axis);
  if (places.shape.length !== n.shape.length || places.shape.some((d, i) => i !== at && d !== n.shape[i]))
    raise('ShapeError', {
      where: 'takeAlong',
      expected: `indices ${showShape(n.shape)} except for axis ${at}`,
      actual: showShape(places.shape),
      hint: 'give each row its own indices',
    });
  const last = n.shape.length - 1;
  const taken = takeAlongLast(exchange(n, at, last), exchange(places, at, last));
  return tensor(exchange(taken, at, last));
});

/** Takes elements along the last axis with one gather from all rows. */
export const takeAlongLast = (x: Node, indices: Node): Node => {
  const extent = x.shape.at(-1)!;
  const rows = sizeOf(x.shape.slice(0, -1));
  const inside = binary('min', binary('max', indices, full(0, indices.shape, 'int32')), full(extent - 1, indices.shape, 'int32')); // prettier-ignore
  const flat = reshape(inside, [rows, indices.shape.at(-1)!]);
  const row = reshape(scale(iota([rows], 0), extent), [rows, 1]);
  const places = add(flat, spread(row, flat.shape));
  return reshape(gather(reshape(x, [sizeOf(x.shape)]), reshape(places, [sizeOf(places.shape)])), indices.shape);
};
