/**
 * The symbols of specs unified with the shapes of actual tensors, in types: what `layer` and `defn` check at each
 * call. `signature.ts` is the counterpart at run time. Nothing here is recursive but over the words of one spec.
 */
import type { Add, Compound, Double, Half, IsUnion, IsWide, Operand } from './dim.js';
import type { Dim, DType, Shape, Tensor } from './tensor.js';
import type { WordsOf } from './words.js';

// Bindings

/** A symbol, the extent that it has in one place, and the place: `['C', 64, 'arg 2']`. */
type Binding = readonly [symbol: string, extent: Dim, where: string];

/** What a word says of its symbol where the extent is `D`: `2*C` at 128 is `C` at 64. A sum stays as it is. */
type Solve<W extends string, D extends Dim, Where extends string> = W extends `${number}`
  ? never
  : W extends Compound
    ? W extends `2*${infer X}`
      ? SolveOperand<W, D, Operand<X>, Half<D>, Where>
      : W extends `${infer X}/2`
        ? SolveOperand<W, D, Operand<X>, Double<D>, Where>
        : readonly [W, D, Where]
    : readonly [W, D, Where];

type SolveOperand<
  W extends string,
  D extends Dim,
  X extends string,
  Solved extends Dim,
  Where extends string,
> = [X] extends [never] ? readonly [W, D, Where] : Solve<X, Solved, Where>;

type Same<A, B> =
  IsWide<A> extends true ? true : IsWide<B> extends true ? true : [A, B] extends [B, A] ? true : false;

type ReadAxis<
  W extends string,
  D extends Dim,
  Where extends string,
  Axis,
> = W extends `${infer N extends number}`
  ? Same<N, D> extends true
    ? never
    : `${Where}: axis ${Axis & string} should be ${N}, but here ${D}`
  : Solve<W, D, Where>;

/** The bindings that an actual shape gives to the words of a spec, and messages where it does not fit them. */
export type Read<
  W extends readonly string[],
  S extends Shape,
  Where extends string,
> = number extends S['length']
  ? { [I in keyof W]: Solve<W[I], Dim, Where> }[number]
  : W['length'] extends S['length']
    ? { [I in keyof W]: ReadAxis<W[I], S[I & keyof S] & Dim, Where, I> }[number]
    : `${Where}: rank ${W['length']} expected, but here ${S['length']}`;

type ShapeOfTensor<T> = T extends Tensor<infer S, DType> ? S : Shape;

/** One level less, of the levels of a tree that are read: a bound, without which the compiler does not end. */
type Below = { 3: 2; 2: 1; 1: 0; 0: never };

/** {@link Read} for a tree of tensors, by its spec, down to its third level. */
export type ReadTree<P, T, Where extends string = 'params', Level extends keyof Below = 3> = P extends string
  ? Read<WordsOf<P>, ShapeOfTensor<T>, Where>
  : [Below[Level]] extends [never]
    ? never
    : P extends readonly unknown[]
      ? { [I in keyof P]: ReadTree<P[I], T[I & keyof T], `${Where}.${I & string}`, Below[Level]> }[number]
      : { [K in keyof P]: ReadTree<P[K], T[K & keyof T], `${Where}.${K & string}`, Below[Level]> }[keyof P];

/** The extents of the symbols in what was read. A symbol with two extents has a union. */
export type EnvOf<R> = { [B in R as B extends Binding ? B[0] : never]: B extends Binding ? B[1] : never };

// Extents of expressions

/** The extent of a word; `never` while one of its symbols is not bound. */
export type Evaluate<W extends string, E> = W extends `${infer N extends number}`
  ? N
  : W extends keyof E
    ? E[W] & Dim
    : W extends Compound
      ? W extends `${infer A}+${infer B}`
        ? A extends `${string}(${string}`
          ? EvaluateProduct<W, E>
          : Add<Evaluate<A, E>, Evaluate<B, E>>
        : EvaluateProduct<W, E>
      : never;

/** Products other than by 2 are not calculated in types: they are wide. */
type EvaluateProduct<W extends string, E> = W extends `2*${infer X}`
  ? [Operand<X>] extends [never]
    ? Dim
    : Double<Evaluate<Operand<X>, E>>
  : W extends `${infer X}/2`
    ? [Operand<X>] extends [never]
      ? Dim
      : Half<Evaluate<Operand<X>, E>>
    : Dim;

type Result<D extends Dim, W extends string> = [D] extends [never] ? `${W} is not bound` : D;

/** The shape that the words of a spec have in an environment. */
export type Evaluated<W extends readonly string[], E> = {
  -readonly [I in keyof W]: Result<Evaluate<W[I], E>, W[I]>;
};

// Errors

/** Bindings that disagree with what is bound already. */
type Conflicts<R, E> = R extends readonly [
  infer K extends string,
  infer D extends Dim,
  infer Where extends string,
]
  ? [Evaluate<K, E>] extends [never]
    ? never
    : Same<Evaluate<K, E>, D> extends true
      ? never
      : `${Where}: axis ${K} = ${Evaluate<K, E>} (bound earlier) but here ${D}`
  : never;

/** Bindings that disagree among themselves: `E` is their own environment. */
type Quarrels<R, E> = R extends readonly [
  infer K extends keyof E,
  infer D extends Dim,
  infer Where extends string,
]
  ? IsWide<E[K]> extends true
    ? never
    : IsUnion<E[K]> extends true
      ? `${Where}: axis ${K & string} is ${D}, but elsewhere it differs`
      : never
  : never;

/** Sums that were bound before their terms. */
type Pending<E> = {
  [K in keyof E]: K extends Compound ? Unequal<K, Evaluate<K, Omit<E, K>>, E[K] & Dim> : never;
}[keyof E];
type Unequal<K extends string, D extends Dim, Earlier extends Dim> = [D] extends [never]
  ? never
  : Same<D, Earlier> extends true
    ? never
    : `axis ${K} = ${Earlier} (bound earlier) but here ${D}`;

/** All that is wrong with what was read, where `E` is bound already; `never` where nothing is. */
export type Errors<R, E> =
  Extract<R, string> | Conflicts<R, E> | Quarrels<R, EnvOf<R>> | Pending<E & EnvOf<R>>;
