/** Joins several tensors to one. An axis may count from the end. */
import { type Add, type Extent, extents, type Wide } from '../../types/dim.js';
import { dual, type OneError, type Dual } from '../../../internal/dual.js';
import { named, refuseShape, showShape } from '../../../internal/errors.js';
import { refuseArgument } from '../operand.js';
import * as nodes from '../../primitives/index.js';
import { expandDims } from './reshape.js';
import type { Checked } from '../../types/checked.js';
import type { ShapeMismatch } from '../../types/mismatch.js';
import type { Product } from '../../types/product.js';
import type { AxisIn, ExtentAt, Fixed, Insert, Missing, Replace } from '../../types/shape.js';
import {
  type AnyTensor,
  type Dim,
  type DType,
  nodeOf,
  type Shape,
  type ShapeIn,
  type Tensor,
  tensor,
} from '../../graph/tensor.js';

/** A message about two tensors that cannot be joined along their last axes, `C` and `E`. */
type Unjoined<R extends Shape, Q extends Shape, C extends Dim, E extends Dim> = R['length'] extends Q['length']
  ? ShapeMismatch<R, Q>
  : ShapeMismatch<[...R, C], [...Q, E]>;

/**
 * Joins two tensors along the last axis: [x, y]. The other axes are equal. {@link concatAll} joins any number along any axis.
 * @example
 * concat(zeros(8, 16, 16, 64), zeros(8, 16, 16, 32)) // : Tensor<[8, 16, 16, 96]>
 * concat(zeros(2, 1), ones(2, 2)) // → [[0, 1, 1], [0, 1, 1]]
 */
export const concat: Dual<
  <R extends Shape, C extends Dim, Q extends Shape, E extends Dim, D extends DType>(
    x: Tensor<[...R, C], D>,
    y: [Q] extends [R] ? Tensor<[...Q, E], NoInfer<D>> : Unjoined<R, Q, C, E>,
  ) => Tensor<[...R, Add<C, E>], D>,
  <R extends Shape, E extends Dim, D extends DType>(
    y: Tensor<[...R, E], D>,
  ) => <C extends Dim>(x: Tensor<[...R, C], NoInfer<D>>) => Tensor<[...R, Add<C, E>], D>
> = dual('concat', [(args) => args.length > 1 || Array.isArray(args[0]), 2], (x: AnyTensor, y: AnyTensor) => {
  if (Array.isArray(x)) refuseArgument('concat', 'two tensors', x, 'write concat(x, y), or concatAll([x, y, z])');
  return tensor(nodes.concat([nodeOf(x), nodeOf(y)], -1));
});

type ShapeOf<T> = T extends Tensor<infer S, DType> ? S : never;
type DTypeOf<T> = T extends Tensor<Shape, infer D> ? D : never;

/** The sum of the extents along an axis; wide for a list of unknown length. */
type Total<T extends readonly unknown[], A extends number> = T extends readonly [infer X, ...infer Rest]
  ? Rest extends readonly []
    ? ExtentAt<ShapeOf<X>, A>
    : Add<ExtentAt<ShapeOf<X>, A>, Total<Rest, A>>
  : Dim;

/** `X`, or an error message if it cannot be joined to `First`. */
type Beside<X, First, A extends number> = [Replace<ShapeOf<X>, A, Dim>, DTypeOf<X>] extends [
  Replace<ShapeOf<First>, A, Dim>,
  DTypeOf<First>,
]
  ? X
  : 'the other axes, or the dtypes, differ from those of the first tensor';

type Tensors = readonly [AnyTensor, ...AnyTensor[]];
type Fitting<T extends Tensors, A extends number> = { readonly [I in keyof T]: Beside<T[I], T[0], A> };
// `infer` makes editors show the tensor type instead of these type names
type Concatenation<T extends Tensors, A extends number> =
  Replace<ShapeOf<T[0]>, A, Total<T, A>> extends infer S extends Shape ? Tensor<S, DTypeOf<T[0]>> : never;

/** Detects the data-first form: its first argument is not an axis. {@link listOf} then refuses anything but a list. */
const startsWithList = ([x]: readonly unknown[]): boolean => x !== undefined && typeof x !== 'number';

const listOf = (op: string, tensors: Tensors): Tensors =>
  Array.isArray(tensors) ? tensors : refuseArgument(op, 'a list of tensors', tensors, `write ${op}([x, y])`);

/**
 * Joins a list of tensors along an axis (default: the last). Raises `ShapeError` if the other axes differ.
 * @example concatAll([zeros(1, 2), ones(2, 2)], 0) // → [[0, 0], [1, 1], [1, 1]]
 */
export const concatAll: OneError<[tensors: Tensors]> & {
  (): <const T extends Tensors>(tensors: Fitting<T, -1>) => Concatenation<T, -1>;
  <const A extends number>(axis: A): <const T extends Tensors>(tensors: Fitting<T, A>) => Concatenation<T, A>;
  <const T extends Tensors, const A extends number>(
    tensors: Fitting<T, A>,
    axis: AxisIn<ShapeIn<T[0]>, A>,
  ): Concatenation<T, A>;
  <const T extends Tensors>(tensors: Fitting<T, -1>): Concatenation<T, -1>;
} = dual('concatAll', [startsWithList, 2], (tensors: Tensors, axis = -1) =>
  tensor(named('concatAll', () => nodes.concat(listOf('concatAll', tensors).map(nodeOf), axis))),
);

/** Tensors of one shape and dtype. */
type Equal<S extends Shape, D extends DType, R extends readonly unknown[]> = readonly [
  Tensor<S, D>,
  ...{ readonly [I in keyof R]: Tensor<Fixed<S>, NoInfer<D>> },
];
type Stacked<S extends Shape, D extends DType, R extends readonly unknown[], A extends number> =
  Insert<S, A, Wide<[0, ...R]['length']>> extends infer T extends Shape ? Tensor<T, D> : never;

/**
 * Joins a list of tensors of one shape along a new axis (default: the first).
 * @example
 * stack([zeros(3), ones(3)]) // → [[0, 0, 0], [1, 1, 1]]
 * stack([zeros(3), ones(3)], -1) // → [[0, 1], [0, 1], [0, 1]]
 */
export const stack: OneError<[tensors: Tensors]> & {
  (): <S extends Shape, D extends DType, const R extends readonly unknown[]>(
    tensors: Equal<S, D, R>,
  ) => Stacked<S, D, R, 0>;
  <const A extends number>(
    axis: A,
  ): <S extends Shape, D extends DType, const R extends readonly unknown[]>(
    tensors: Equal<S, D, R>,
  ) => Stacked<S, D, R, A>;
  <S extends Shape, D extends DType, const R extends readonly unknown[], const A extends number>(
    tensors: Equal<S, D, R>,
    axis: Checked<A, S, Missing<[1, ...S], A>>,
  ): Stacked<S, D, R, A>;
  <S extends Shape, D extends DType, const R extends readonly unknown[]>(tensors: Equal<S, D, R>): Stacked<S, D, R, 0>;
} = dual('stack', [startsWithList, 2], (tensors: Tensors, axis = 0) => {
  const { shape } = nodeOf(listOf('stack', tensors)[0]);
  const parts = tensors.map((x) => {
    const n = nodeOf(x);
    if (n.shape.length !== shape.length) refuseShape('stack', showShape(shape), n.shape, 'stack tensors of one shape');
    return nodeOf(named('stack', () => expandDims(x, axis)));
  });
  return tensor(named('stack', () => nodes.concat(parts, axis)));
});

/** The extent of an axis that is repeated `N` times. */
type Tiled<S extends Shape, A extends number, N extends number> = Product<[ExtentAt<S, A>, Wide<N>]> & Dim;

/**
 * Repeats the whole of x `count` times along an axis.
 * @example tile(iota(3), 0, 2) // → [0, 1, 2, 0, 1, 2]
 */
export const tile: Dual<
  <S extends Shape, D extends DType, const A extends number, const N extends number>(
    x: Tensor<S, D>,
    axis: AxisIn<S, A>,
    count: Extent<N>,
  ) => Tensor<Replace<S, A, Tiled<S, A, N>>, D>,
  <const A extends number, const N extends number>(
    axis: A,
    count: Extent<N>,
  ) => <S extends Shape, D extends DType>(
    x: Checked<Tensor<S, D>, S, Missing<S, A>>,
  ) => Tensor<Replace<S, A, Tiled<S, A, N>>, D>
> = dual('tile', 3, (x: AnyTensor, axis: number, count: number) => {
  const n = nodeOf(x);
  const at = nodes.axisOf('tile', n, axis);
  const [times] = extents('tile', [count]);
  const repeated = nodes.broadcast(nodes.expandDims(n, [at]), [...n.shape.slice(0, at), times!, ...n.shape.slice(at)]);
  return tensor(nodes.reshape(repeated, n.shape.map((d, i) => (i === at ? d * times! : d)))); // oxfmt-ignore
});
