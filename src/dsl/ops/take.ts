/** Elements along any axis, by their index. An index out of range is clamped, as by `gather`. */
import type { Node } from '../node.js';
import { sizeOf } from '../node.js';
import { named, raise, showShape } from '../errors.js';
import { add, axisOf, binary, full, gather, iota, reshape, scale, transpose } from '../primitives/index.js';
import type { Replace } from '../shape.js';
import { type Dim, type DType, nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';
import { spread } from './operand.js';

type Gathered = Exclude<DType, 'key'>;

/** The axes with two of them exchanged. */
const exchange = (x: Node, a: number, b: number): Node =>
  transpose(x, x.shape.map((_, i) => (i === a ? b : i === b ? a : i))); // prettier-ignore

/**
 * The elements of an axis at `indices: [K]`, clamped into it: the axis has the extent K. Raises `ShapeError`
 * where there is nothing to take from.
 *
 * @example
 * const columns = constantOf(Int32Array.of(2, 0), 2)
 * pipe(constantOf([1, 2, 3, 4, 5, 6], 2, 3), take(1, columns)) // → [[3, 1], [6, 4]]
 * pipe(zeros(8, 28, 64), take(-1, columns)) // : Tensor<[8, 28, 2]>
 */
export const take =
  <const A extends number, K extends Dim>(axis: A, indices: Tensor<[K], 'int32'>) =>
  <S extends Shape, D extends Gathered>(x: Tensor<S, D>): Tensor<Replace<S, A, K>, D> => {
    const n = nodeOf(x);
    const at = axisOf('take', n, axis);
    const taken = named('take', () => gather(exchange(n, 0, at), nodeOf(indices)));
    return tensor(exchange(taken, 0, at));
  };

/**
 * In each row of an axis the elements at the indices in the same row of `indices`, clamped into it; the other
 * axes of both are equal. What `argsort` or `argmax` found, for one. Raises `ShapeError` where the other axes
 * differ.
 *
 * @example
 * const at = constantOf(Int32Array.of(1, 0, 0, 2), 2, 2)
 * pipe(constantOf([1, 2, 3, 4, 5, 6], 2, 3), takeAlong(1, at)) // → [[2, 1], [4, 6]]
 */
export const takeAlong =
  <const A extends number, I extends Shape>(axis: A, indices: Tensor<I, 'int32'>) =>
  <D extends Gathered>(x: Tensor<Replace<I, A, Dim>, D>): Tensor<I, D> => {
    const [n, places] = [nodeOf(x), nodeOf(indices)];
    const at = axisOf('takeAlong', n, axis);
    if (places.shape.length !== n.shape.length || places.shape.some((d, i) => i !== at && d !== n.shape[i]))
      raise('ShapeError', {
        where: 'takeAlong',
        expected: `indices ${showShape(n.shape)} but for axis ${at}`,
        actual: showShape(places.shape),
        hint: 'give each row its indices',
      });
    const last = n.shape.length - 1;
    const taken = takeAlongLast(exchange(n, at, last), exchange(places, at, last));
    return tensor(exchange(taken, at, last));
  };

/** The elements of each row, an axis of rows before them, as one gather from all of them. */
export const takeAlongLast = (x: Node, indices: Node): Node => {
  const extent = x.shape.at(-1)!;
  const rows = sizeOf(x.shape.slice(0, -1));
  const inside = binary('min', binary('max', indices, full(0, indices.shape, 'int32')), full(extent - 1, indices.shape, 'int32')); // prettier-ignore
  const flat = reshape(inside, [rows, indices.shape.at(-1)!]);
  const row = reshape(scale(iota([rows], 0), extent), [rows, 1]);
  const places = add(flat, spread(row, flat.shape));
  return reshape(
    gather(reshape(x, [sizeOf(x.shape)]), reshape(places, [sizeOf(places.shape)])),
    indices.shape,
  );
};
