/**
 * Operations that change the shape, the order of axes or the type, and keep the elements: reshape, transpose,
 * broadcast, ascribe. An axis may count from the end.
 */
import type { Checked, IfDecided } from '../../types/checked.js';
import {
  type Compound,
  type Extent,
  type Extents,
  isExtent,
  type IsWide,
  type OrElse,
  type Wide,
  type Widened,
} from '../../types/dim.js';
import { bindShape, nothingBound, settle } from '../../types/dimExpression.js';
import type { IsAny } from '../../../internal/typeKinds.js';
import { dual, type DualByKind, type Dual } from '../../../internal/dual.js';
import { named, raise, refuseShape, showShape, textOf } from '../../../internal/errors.js';
import { sizeOf } from '../../../internal/numbers.js';
import * as nodes from '../../primitives/index.js';
import type { Displaced, Rest, Unfilled } from '../../types/reshaped.js';
import type { AlongAxis, ExtentAt, Insert, Missing, NotPermutation, Permuted, Without } from '../../types/shape.js';
import { type AnyTensor, type Dim, type DType, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import { spread, startsWithTensor } from '../operand.js';

type Requested<D> = [D] extends [-1] ? D : Extent<D>;

type Reshaped<S extends Shape, E extends readonly Dim[]> = {
  -readonly [I in keyof E]: E[I] extends -1 ? Rest<S, E> : Wide<E[I]>;
};

/** The extents of the data-first form, with an error message in place of those that do not fit. */
type ExtentsFor<S extends Shape, E extends readonly Dim[]> = {
  [I in keyof E]: IsAny<E[I]> extends true
    ? never
    : E[I] extends string
      ? Symbolic<S, E, E[I]>
      : Checked<Requested<E[I]>, S, OtherCount<S, E>, S[number]>;
};
/** An error message if valid extents multiply to another number of elements than the tensor has; otherwise `never`. */
type OtherCount<S extends Shape, E extends readonly Dim[]> = [E] extends [Pending<E>] ? Unfilled<S, E> : never;
/** A symbol that the tensor has at the same end, or an error message. */
type Symbolic<S extends Shape, E extends readonly Dim[], D extends string> =
  Extent<D> extends D
    ? [Extract<Displaced<S, E>, `'${D}' ${string}`>] extends [never]
      ? D
      : Extract<Displaced<S, E>, `'${D}' ${string}`>
    : Extent<D>;
/** The extents of the pipeable form; symbols and counts are checked once the tensor is known. */
type Pending<E> = { [I in keyof E]: IsAny<E[I]> extends true ? never : Requested<E[I]> };

/** A tensor that has the symbols at its ends and as many elements, or an error message. */
type Fitting<S extends Shape, D extends DType, E extends readonly Dim[]> = Checked<
  Tensor<S, D>,
  S,
  Displaced<S, E> | OtherCount<S, E>,
  S[number]
>;

/** Replaces symbols at both ends by the extents of `shape`, and −1 by the remaining extent. Raises `ShapeError`. */
const resolved = (extents: Shape, shape: readonly number[]): readonly number[] => {
  const isNumber = (d: Dim): boolean => typeof d === 'number';
  const front = extents.every((d) => !isNumber(d)) ? extents.length : extents.findIndex(isNumber);
  const end = extents.length - [...extents].reverse().findIndex(isNumber);
  const ofSymbol = (i: number): number | undefined => {
    if (i < front) return shape[i];
    return i >= end ? shape[i + shape.length - extents.length] : undefined;
  };
  const known = extents.map((d, i) => {
    if (typeof d === 'number') return d;
    const extent = typeof d === 'string' ? ofSymbol(i) : undefined;
    if (extent !== undefined) return extent;
    const expected = `symbols at the front or at the end of the new shape, for axes of ${showShape(shape)}`;
    const hint = 'write -1 or a number for it, or use rearrange';
    return raise('ShapeError', { where: 'reshape', expected, actual: `${textOf(d)} in ${showShape(extents)}`, hint });
  });
  const others = known.filter((d) => d !== -1);
  const rest = sizeOf(shape) / sizeOf(others);
  const open = known.length - others.length;
  const expected = `extents for the ${sizeOf(shape)} elements of ${showShape(shape)}, at most one of them -1`;
  if (open > 1 || (open === 1 && !Number.isInteger(rest)) || !others.every(isExtent))
    refuseShape('reshape', expected, extents, 'the extents must multiply to the number of elements');
  return known.map((d) => (d === -1 ? rest : d));
};

/**
 * Returns the same numbers, in row-major order, in another shape. One extent may be −1, which is inferred. Symbols at the
 * front or at the end of the new shape stand for the axes that `x` has there, and are kept in the type: for
 * `Tensor<['B', 28, 28, 1]>`, `reshape(x, 'B', 784)` and `reshape(x, -1, 784)` are `Tensor<['B', 784]>`. The type of extents
 * from `dims(x)` is `Dim`, and so is that of −1 beside them. Raises `ShapeError` if the number of elements differs. See
 * {@link rearrange} to split and merge axes by name.
 * @example
 * reshape(iota(6), 2, -1) // → [[0, 1, 2], [3, 4, 5]]
 * pipe(zeros(8, 28, 28, 1), reshape(8, -1)) // : Tensor<[8, 784]>
 * const flat = program({ x: 'B 28 28 C' }, ({ x }) => reshape(x, 'B', -1, 'C')) // Tensor<['B', 784, 'C']>
 */
export const reshape: DualByKind<
  [x: AnyTensor, ...extents: Shape],
  <S extends Shape, D extends DType, const E extends readonly Dim[]>(
    x: Tensor<S, D>,
    ...extents: ExtentsFor<S, E>
  ) => Tensor<Reshaped<S, E>, D>,
  <const E extends readonly Dim[]>(
    ...extents: Pending<E>
  ) => <S extends Shape, D extends DType>(x: Fitting<S, D, E>) => Tensor<Reshaped<S, E>, D>
> = dual('reshape', startsWithTensor, (x: AnyTensor, ...extents: Shape) =>
  tensor(nodes.reshape(nodeOf(x), resolved(extents, nodeOf(x).shape))),
);

/** The axes of `transpose`, or error messages if they are not a permutation. */
type AxesFor<S extends Shape, P extends readonly number[]> = { [I in keyof P]: Checked<P[I], S, NotPermutation<S, P>> };

/**
 * Permutes the axes: axis i of the result is axis `permutation[i]` of `x`. Raises `ShapeError` unless each axis occurs once.
 * @example
 * transpose(constantOf([1, 2, 3, 4], 2, 2), 1, 0) // → [[1, 3], [2, 4]]
 * pipe(zeros(8, 28, 28, 3), transpose(0, 3, 1, 2)) // : Tensor<[8, 3, 28, 28]>
 */
export const transpose: DualByKind<
  [x: AnyTensor, ...permutation: readonly number[]],
  <S extends Shape, D extends DType, const P extends readonly number[]>(
    x: Tensor<S, D>,
    ...permutation: AxesFor<S, P>
  ) => Tensor<Permuted<S, P>, D>,
  <const P extends readonly number[]>(
    ...permutation: P
  ) => <S extends Shape, D extends DType>(
    x: Checked<Tensor<S, D>, S, NotPermutation<S, P>>,
  ) => Tensor<Permuted<S, P>, D>
> = dual('transpose', startsWithTensor, (x: AnyTensor, ...permutation: readonly number[]) =>
  tensor(nodes.transpose(nodeOf(x), permutation)),
);

/** The axis of `S` at each of the extents `E`, aligned at the right; 1 where `S` has none; messages if it has more axes. */
type Aligned<S extends Shape, E extends readonly unknown[], Axes extends readonly unknown[] = []> = number extends
  | S['length']
  | E['length']
  ? Dim[]
  : S extends readonly [...infer More extends Shape, infer D]
    ? E extends readonly [...infer Rest, unknown]
      ? Aligned<More, Rest, [D, ...Axes]>
      : [TooFew, ...{ [I in keyof Axes]: TooFew }]
    : [...{ [I in keyof E]: 1 }, ...Axes];
type TooFew = 'broadcastTo keeps all axes: too few extents';
/** An error message if an axis of extent `D` cannot be repeated to `N`; otherwise `never`. */
type NotRepeated<D, N> =
  IsWide<N> extends true
    ? never
    : IsWide<D> extends true
      ? never
      : D extends TooFew
        ? TooFew
        : D extends string | 1 | N
          ? never
          : `an axis of ${D & number} cannot be broadcast to ${N & number}`;
/** `Fitting` for a valid extent, otherwise its error message. */
type ValidOr<D, Fitting> = [Extent<D>] extends [D] ? Fitting : Extent<D>;
/** The extents, with an error message in place of each that is invalid or does not fit the axis of `S` there. */
type BroadcastExtents<S extends Shape, E extends readonly unknown[], At = Aligned<S, E>> = {
  [I in keyof E]: IsAny<E[I]> extends true
    ? never
    : ValidOr<E[I], Checked<E[I], S, NotRepeated<At[I & keyof At], E[I]>, At[I & keyof At]>>;
};
/** The error messages of {@link BroadcastExtents}; `never` if there are none. */
type NotBroadcast<S extends Shape, E extends readonly unknown[], At = Aligned<S, E>> = {
  [I in keyof At]: NotRepeated<At[I], E[I & keyof E]>;
}[keyof At & number];

/**
 * Broadcasts `x` to a shape, aligned at the right: the axes of `x` are 1, equal, or missing on the left. Raises
 * `ShapeError` for other shapes.
 * @example
 * broadcastTo(iota(3), 2, 3) // → [[0, 1, 2], [0, 1, 2]]
 * pipe(zeros(64), broadcastTo(8, 28, 28, 64)) // : Tensor<[8, 28, 28, 64]>
 */
export const broadcastTo: DualByKind<
  [x: AnyTensor, ...extents: readonly number[]],
  <S extends Shape, D extends DType, const E extends readonly number[]>(
    x: Tensor<S, D>,
    ...extents: BroadcastExtents<S, E>
  ) => Tensor<Widened<E>, D>,
  <const E extends readonly number[]>(
    ...extents: Extents<E>
  ) => <S extends Shape, D extends DType>(x: Checked<Tensor<S, D>, S, NotBroadcast<S, E>>) => Tensor<Widened<E>, D>
> = dual('broadcastTo', startsWithTensor, (x: AnyTensor, ...extents: readonly number[]) =>
  tensor(named('broadcastTo', () => spread(nodeOf(x), extents))),
);

/**
 * Broadcasts `x` to the shape of `model`; see {@link broadcastTo}.
 * @example broadcastLike(iota(3), zeros(2, 3)) // → [[0, 1, 2], [0, 1, 2]]
 */
export const broadcastLike: Dual<
  <T extends Shape, D extends DType, S extends Shape>(
    x: Tensor<T, D>,
    model: IfDecided<Tensor<S, DType>, NotBroadcast<T, S>>,
  ) => Tensor<S, D>,
  <S extends Shape>(
    model: Tensor<S, DType>,
  ) => <T extends Shape, D extends DType>(x: IfDecided<Tensor<T, D>, NotBroadcast<T, S>>) => Tensor<S, D>
> = dual('broadcastLike', 2, (x: AnyTensor, model: AnyTensor) =>
  tensor(named('broadcastLike', () => spread(nodeOf(x), nodeOf(model).shape))),
);

/**
 * Inserts an axis of extent 1, which is `axis` of the result.
 * @example
 * expandDims(iota(2), 1) // → [[0], [1]]
 * pipe(zeros(8, 28, 28), expandDims(-1)) // : Tensor<[8, 28, 28, 1]>
 */
export const expandDims: Dual<
  <S extends Shape, D extends DType, const A extends number>(
    x: Tensor<S, D>,
    axis: Checked<A, S, Missing<[1, ...S], A>>,
  ) => Tensor<Insert<S, A, 1>, D>,
  <const A extends number>(
    axis: A,
  ) => <S extends Shape, D extends DType>(
    x: Checked<Tensor<S, D>, S, Missing<[1, ...S], A>>,
  ) => Tensor<Insert<S, A, 1>, D>
> = dual('expandDims', 2, (x: AnyTensor, axis: number) => {
  const n = nodeOf(x);
  return tensor(nodes.expandDims(n, [nodes.axisOf('expandDims', { ...n, shape: [1, ...n.shape] }, axis)]));
});

/** An error message for a literal extent other than 1; otherwise `never`. */
type Several<D, A extends number> =
  IsWide<D> extends true
    ? never
    : D extends number
      ? D extends 1
        ? never
        : `axis ${A} has ${D} elements, not 1`
      : never;

/** The shape without the axis; `never` if the axis is an error. */
type Squeezed<S extends Shape, A extends number> = [Several<ExtentAt<S, A>, A>] extends [never]
  ? Without<S, [A]>
  : never;

/**
 * Drops an axis of extent 1. Raises `ShapeError` if it has another extent.
 * @example
 * squeeze(zeros(8, 28, 28, 1), -1) // : Tensor<[8, 28, 28]>
 * const wrong = attempt(() => pipe(zeros(Number('8'), 1), squeeze(0)))
 * isLeft(wrong) && wrong.left._tag // → 'ShapeError'
 */
export const squeeze: Dual<
  <S extends Shape, D extends DType, const A extends number>(
    x: Tensor<S, D>,
    axis: AlongAxis<A, S, A, Several<ExtentAt<S, A>, A>>,
  ) => Tensor<Squeezed<S, A>, D>,
  <const A extends number>(
    axis: A,
  ) => <S extends Shape, D extends DType>(
    x: AlongAxis<Tensor<S, D>, S, A, Several<ExtentAt<S, A>, A>>,
  ) => Tensor<Squeezed<S, A>, D>
> = dual('squeeze', 2, (x: AnyTensor, axis: number) => {
  const n = nodeOf(x);
  const at = nodes.axisOf('squeeze', n, axis);
  const hint = 'reduce the axis instead, or pick an element of it with slice';
  if (n.shape[at] !== 1) refuseShape('squeeze', `extent 1 on axis ${axis}`, n.shape, hint);
  return tensor(nodes.reshape(n, n.shape.filter((_, i) => i !== at))); // oxfmt-ignore
});

/**
 * Stands for an axis whose type {@link ascribe} does not change.
 * @example ascribe(zeros(8, Number('64')), keep, 64) // : Tensor<[8, 64]>
 */
export const keep: unique symbol = Symbol('keep');
/** The type of {@link keep}. */
export type Keep = typeof keep;

/** An extent that is ascribed. */
type AscribedDim = Dim | Keep;
/** The shape that `ascribe` gives. */
type Ascribed<S extends Shape, E extends readonly unknown[]> = {
  -readonly [I in keyof E]: E[I] extends Keep
    ? number extends S['length']
      ? Dim
      : S[I & keyof S & `${number}`]
    : Wide<E[I]>;
};
/** The ascribed extents, with an error message in place of each that is invalid, or differs from the extent of `S`. */
type AscribedTo<S extends Shape, E extends readonly unknown[]> = {
  [I in keyof E]: IsAny<E[I]> extends true
    ? never
    : E[I] extends Keep
      ? E[I]
      : ValidOr<E[I], Checked<E[I], S, OtherRank<S, E> | OtherExtent<S[I & keyof S], E[I], I>, S[I & keyof S]>>;
};
type OtherRank<S extends Shape, E extends readonly unknown[]> = number extends S['length'] | E['length']
  ? never
  : E['length'] extends S['length']
    ? never
    : `${E['length']} extents for a tensor of rank ${S['length']}`;
/** A message if an axis whose extent is the literal or symbol `D` cannot be `N`. Any symbol may name a literal. */
type OtherExtent<D, N, I> = true extends IsWide<D> | IsWide<N>
  ? never
  : D extends N | Compound
    ? never
    : N extends Compound
      ? never
      : [D, N] extends [number, string]
        ? never
        : N extends Keep
          ? never
          : `axis ${I & string} is ${D & Dim}, not ${N & Dim}`;
/** An error message if a shape `S` does not fit the ascribed extents; otherwise `never`. */
type NotAscribed<S extends Shape, E extends readonly unknown[], Rank = OtherRank<S, E>> = {
  [I in keyof E]: OrElse<Rank, OtherExtent<S[I & keyof S], E[I], I>>;
}[number];
/** The extents of the pipeable form. */
type Ascribing<E> = { [I in keyof E]: E[I] extends Keep ? E[I] : Extent<E[I]> };

/**
 * Narrows the type of a wide tensor to a shape; {@link keep} leaves an axis as it is. The shape is checked when the program
 * is traced: literal extents, and symbols against each other (`ascribe(x, 'H', 'H/2')`). Raises `ShapeError` if it does
 * not fit.
 * @example
 * const betas = table(Float32Array.of(0.1, 0.2, 0.3)) // : Tensor<[Dim]>
 * ascribe(betas, 3) // : Tensor<[3]>
 * pipe(betas, ascribe(3)) // : Tensor<[3]>
 * const wrong = attempt(() => ascribe(betas, 4))
 * isLeft(wrong) && wrong.left._tag // → 'ShapeError'
 */
export const ascribe: DualByKind<
  [x: AnyTensor, ...shape: readonly AscribedDim[]],
  <S extends Shape, D extends DType, const E extends readonly AscribedDim[]>(
    x: Tensor<S, D>,
    ...shape: AscribedTo<S, E>
  ) => Tensor<Ascribed<S, E>, D>,
  <const E extends readonly AscribedDim[]>(
    ...shape: Ascribing<E>
  ) => <S extends Shape, D extends DType>(x: IfDecided<Tensor<S, D>, NotAscribed<S, E>>) => Tensor<Ascribed<S, E>, D>
> = dual('ascribe', startsWithTensor, (x: AnyTensor, ...shape: readonly AscribedDim[]) => {
  const extents = nodeOf(x).shape;
  const expected = shape.map((extent, axis) => (extent === keep ? (extents[axis] ?? 1) : extent));
  settle(bindShape(nothingBound(), expected, extents, 'ascribe'));
  return x;
});

/**
 * Narrows the type of a wide tensor to the shape of another tensor: {@link ascribe} for generic functions. Raises
 * `ShapeError` if the shapes differ.
 * @example
 * const x = zeros(8, 28, 28, 1)
 * const size = Number('28')
 * pipe(x, resizeNearest(size, size)) // : Tensor<[8, Dim, Dim, 1]>
 * pipe(x, resizeNearest(size, size), ascribeLike(x)) // : Tensor<[8, 28, 28, 1]>
 */
export const ascribeLike: Dual<
  <T extends Shape, D extends DType, S extends Shape>(
    x: Tensor<T, D>,
    model: IfDecided<Tensor<S, DType>, NotAscribed<T, S>>,
  ) => Tensor<S, D>,
  <S extends Shape>(
    model: Tensor<S, DType>,
  ) => <T extends Shape, D extends DType>(x: IfDecided<Tensor<T, D>, NotAscribed<T, S>>) => Tensor<S, D>
> = dual('ascribeLike', 2, (x: AnyTensor, model: AnyTensor) => {
  const [{ shape }, expected] = [nodeOf(x), showShape(nodeOf(model).shape)];
  if (showShape(shape) !== expected)
    refuseShape('ascribeLike', expected, shape, 'ascribe the shape that the tensor has');
  return x;
});
