/** Parts of a tensor, and margins around it. An axis may count from the end. */
import type { Add, Extent, Extents, Half, Wide } from '../dim.js';
import { raise, showShape } from '../errors.js';
import { extents } from '../extent.js';
import type { Node } from '../node.js';
import { axisOf, flip as flipNode, pad as padNode, slice as sliceNode } from '../primitives/index.js';
import type { ExtentAt, Having, Replace } from '../shape.js';
import { type Dim, type DType, nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';

const part = (x: Node, axis: number, start: number, size: number, stride = 1): Node =>
  sliceNode(
    x,
    x.shape.map((_, i) => (i === axis ? start : 0)),
    x.shape.map((d, i) => (i === axis ? size : d)),
    x.shape.map((_, i) => (i === axis ? stride : 1)),
  );

/**
 * `size` elements along an axis from `start`, every `stride`-th. A negative start counts from the end. Raises
 * `ShapeError` where the axis is too short.
 *
 * @example
 * pipe(iota(6), slice(0, 1, 3)) // → [1, 2, 3]
 * pipe(iota(6), slice(0, -2, 2)) // → [4, 5]
 * pipe(iota(6), slice(0, 0, 3, 2)) // → [0, 2, 4]
 */
export const slice =
  <const A extends number, const N extends number>(axis: A, start: number, size: Extent<N>, stride = 1) =>
  <S extends Shape, D extends DType>(x: Tensor<S, D>): Tensor<Replace<S, A, Wide<N> & Dim>, D> => {
    const n = nodeOf(x);
    const at = axisOf('slice', n, axis);
    // Extent<N> is N, or a message that no number fits
    return tensor(part(n, at, start < 0 ? start + n.shape[at]! : start, size as number, stride));
  };

/**
 * Puts `low` values before and `high` after the elements of an axis: zeros, if no `value` is given. Raises
 * `ShapeError` for a negative count.
 *
 * @example
 * pipe(ones(2), pad(0, 1, 2)) // → [0, 1, 1, 0, 0]
 * pipe(zeros(8, 28, 28, 1), pad(1, 2, 2), pad(2, 2, 2)) // : Tensor<[8, 32, 32, 1]>
 */
export const pad =
  <const A extends number, const L extends number, const H extends number>(
    axis: A,
    low: Extent<L>,
    high: Extent<H>,
    value = 0,
  ) =>
  <S extends Shape, D extends DType>(
    x: Tensor<S, D>,
  ): Tensor<Replace<S, A, Add<ExtentAt<S, A>, Add<Wide<L> & Dim, Wide<H> & Dim>>>, D> => {
    const n = nodeOf(x);
    const at = axisOf('pad', n, axis);
    const along = (count: number): readonly number[] => n.shape.map((_, i) => (i === at ? count : 0));
    // Extent<L> is L, or a message that no number fits
    return tensor(padNode(n, along(low as number), along(high as number), along(0), value));
  };

/**
 * The elements in reverse order along some axes.
 *
 * @example
 * pipe(iota(3), flip(0)) // → [2, 1, 0]
 */
export const flip =
  <const A extends readonly number[]>(...axes: A) =>
  <S extends Shape, D extends DType>(x: Tensor<S, D>): Tensor<Having<S, A>, D> =>
    tensor(flipNode(nodeOf(x), axes));

type Parts<S extends Shape, A extends number, N extends readonly number[], D extends DType> = {
  readonly [I in keyof N]: Tensor<Replace<S, A, Wide<N[I]>>, D>;
};

/**
 * Cuts an axis (the last, if none is given) into parts of the given sizes. Raises `ShapeError` unless they
 * add up to its extent.
 *
 * @example
 * const [q, k, v] = split([64, 64, 64])(zeros(8, 7, 7, 192))
 * q // : Tensor<[8, 7, 7, 64]>
 * pipe(iota(5), split([2, 3])) // → [[0, 1], [2, 3, 4]]
 */
export const split =
  <const N extends readonly number[], const A extends number = -1>(
    sizes: Extents<N>,
    ...[axis = -1 as A]: readonly [] | readonly [axis: A] // the default of A
  ) =>
  <S extends Shape, D extends DType>(x: Tensor<S, D>): Parts<S, A, N, D> => {
    const n = nodeOf(x);
    const at = axisOf('split', n, axis);
    const given = extents('split', sizes as readonly number[]); // Extents<N> is N, or a message that no number fits
    if (given.reduce((a, b) => a + b, 0) !== n.shape[at])
      raise('ShapeError', {
        where: 'split',
        expected: `sizes that add up to axis ${axis} of ${showShape(n.shape)}`,
        actual: showShape(given),
        hint: 'name the size of each part',
      });
    const starts = given.map((_, i) => given.slice(0, i).reduce((a, b) => a + b, 0));
    // one tensor for each size
    return given.map((size, i) => tensor(part(n, at, starts[i]!, size))) as Parts<S, A, N, D>; // prettier-ignore
  };

/**
 * The two halves of an axis (the last, if none is given). Raises `ShapeError` where it is odd.
 *
 * @example
 * const [scale, shift] = halve()(zeros(8, 128))
 * scale // : Tensor<[8, 64]>
 * pipe(iota(4), halve()) // → [[0, 1], [2, 3]]
 */
export const halve =
  <const A extends number = -1>(...[axis = -1 as A]: readonly [] | readonly [axis: A]) =>
  <S extends Shape, D extends DType>(
    x: Tensor<S, D>,
  ): readonly [
    Tensor<Replace<S, A, Half<ExtentAt<S, A>>>, D>,
    Tensor<Replace<S, A, Half<ExtentAt<S, A>>>, D>,
  ] => {
    const n = nodeOf(x);
    const at = axisOf('halve', n, axis);
    const size = n.shape[at]! / 2;
    if (!Number.isInteger(size))
      raise('ShapeError', {
        where: 'halve',
        expected: `an even extent on axis ${axis}`,
        actual: showShape(n.shape),
        hint: 'pad it by one, or slice one off',
      });
    return [tensor(part(n, at, 0, size)), tensor(part(n, at, size, size))];
  };
