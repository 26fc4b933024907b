import { show } from '../internal/decode.js';
import { bindShape, nothingBound, settle } from './bind.js';
import type { Extent, Widened } from './dim.js';
import { dual } from './dual.js';
import { raise, showShape } from './errors.js';
import type { DType, Node } from './node.js';

/** An extent: a literal, a symbol (`'B'`, `'H/2'`, `'2*C'`, `'C+D'`), or wide, when only the run knows it. */
export type Dim = number | string;
export type Shape = readonly Dim[];
export type { DType } from './node.js';

declare const shape: unique symbol;
declare const dtype: unique symbol;

/**
 * A staged tensor: an expression of a program that is being traced. `S` is its shape, which only the
 * compiler reads; the extents of the trace are in {@link dims}.
 */
export interface Tensor<S extends Shape, D extends DType = 'float32'> {
  /** Phantom: never there at run time. */
  readonly [shape]: Readonly<S>;
  readonly [dtype]: D;
}

export type Scalar = Tensor<[]>;
/** A staged random key; see `keys.ts`. */
export type Key = Tensor<[], 'key'>;
/** A tensor of any shape and dtype. */
export type AnyTensor = Tensor<Shape, DType>;

/** A tensor is its node: the phantom type is put on here and taken off in {@link nodeOf}, nowhere else. */
export const tensor = <S extends Shape, D extends DType>(n: Node): Tensor<S, D> =>
  n as unknown as Tensor<S, D>;
/** Raises `ShapeError` for what is no tensor: functions from JavaScript may give anything. */
export const nodeOf = (x: AnyTensor): Node =>
  isTensor(x)
    ? (x as unknown as Node)
    : raise('ShapeError', {
        where: 'operation',
        expected: 'a tensor',
        actual: show(x),
        hint: 'a function gave none, or was not called',
      });

/**
 * Whether something is a staged tensor. A tree that holds tensors is none, nor is a resident {@link Value}.
 *
 * @example
 * isTensor(zeros(2)) // → true
 * isTensor({ w: zeros(2) }) // → false
 */
export const isTensor = (x: unknown): x is AnyTensor =>
  typeof x === 'object' && x !== null && 'op' in x && 'inputs' in x && 'depth' in x;

/** The extents of a tensor when it is traced: as many numbers as its type has axes. */
export type ExtentsOf<T> =
  T extends Tensor<infer S, DType> ? { readonly [I in keyof S]: number } : readonly number[];

/**
 * The extents at which a tensor is traced: numbers, one for each axis of its type. They are `number` also where the
 * type has a literal or a symbol, so that functions whose dims are parameters can calculate with them.
 *
 * @example
 * const x = zeros(32, 28, 28, 1)
 * dims(x) // → [32, 28, 28, 1]
 * const [batch, height] = dims(x)
 * height / 2 // → 14
 */
export const dims = <T extends AnyTensor>(x: T): ExtentsOf<T> => nodeOf(x).shape as ExtentsOf<T>; // a node has the axes of the type that it was given

/**
 * The dtype of a tensor, as a value.
 *
 * @example
 * dtypeOf(zeros(2)) // → 'float32'
 * dtypeOf(iota(10)) // → 'int32'
 */
export const dtypeOf = <D extends DType>(x: Tensor<Shape, D>): D => nodeOf(x).dtype as D;

/** Whether arguments begin with an operand, and not with an extent, a symbol or nothing. */
export const startsWithTensor = ([first]: readonly unknown[]): boolean =>
  first !== undefined && typeof first !== 'number' && typeof first !== 'string';

/** What is no extent among arguments: a tensor that comes first. */
export type First<I, X> = I extends '0' ? X : 'a tensor comes first';

/** Extents, with or without a tensor before them; a message takes the place of what is no extent. */
export type WithExtents<A> = {
  [I in keyof A]: 0 extends 1 & A[I]
    ? never // `any`
    : A[I] extends Dim
      ? Extent<A[I]>
      : First<I, A[I]>;
};

type Ascribed<A> = A extends readonly [Tensor<Shape, infer D>, ...infer S extends readonly Dim[]]
  ? Tensor<Widened<S>, D>
  : A extends readonly Dim[]
    ? <D extends DType>(x: Tensor<Shape, D>) => Tensor<Widened<A>, D>
    : never;

/**
 * Gives a tensor of wide type its shape back: the only way from `Dim` to a narrow type. Literal extents are
 * checked when the program is traced, and so is what symbols say of each other (`ascribe(x, 'H', 'H/2')`); raises
 * `ShapeError`.
 *
 * @example
 * const betas = table([0.1, 0.2, 0.3]) // : Tensor<[Dim]>
 * ascribe(betas, 3) // : Tensor<[3]>
 * pipe(betas, ascribe(3)) // : Tensor<[3]>
 * pipe(attempt(() => ascribe(betas, 4)), E.mapLeft(({ _tag }) => _tag)) // → E.left('ShapeError')
 */
export const ascribe: <const A extends readonly (Dim | AnyTensor)[]>(...args: WithExtents<A>) => Ascribed<A> =
  dual('ascribe', startsWithTensor, (x: AnyTensor, ...given: Shape) => {
    settle(bindShape(nothingBound(), given, dims(x), 'ascribe'));
    return tensor(nodeOf(x));
  });

/**
 * Gives a tensor of wide type the shape of another, which it must have: {@link ascribe} inside a function
 * whose dims are parameters. Raises `ShapeError`.
 *
 * @example
 * const x = zeros(8, 28, 28, 1)
 * pipe(x, convolution(zeros(3, 3, 1, 1))) // : Tensor<[8, Dim, Dim, 1]>
 * pipe(x, convolution(zeros(3, 3, 1, 1)), ascribeLike(x)) // : Tensor<[8, 28, 28, 1]>
 */
export const ascribeLike: {
  <S extends Shape, D extends DType>(x: Tensor<Shape, D>, model: Tensor<S, DType>): Tensor<S, D>;
  <S extends Shape>(model: Tensor<S, DType>): <D extends DType>(x: Tensor<Shape, D>) => Tensor<S, D>;
} = dual('ascribeLike', 2, (x: AnyTensor, model: AnyTensor) => {
  if (showShape(dims(x)) !== showShape(dims(model)))
    raise('ShapeError', {
      where: 'ascribeLike',
      expected: showShape(dims(model)),
      actual: showShape(dims(x)),
      hint: 'ascribe the shape that the tensor has',
    });
  return tensor(nodeOf(x));
});
