/**
 * The symbols of specs unified with the shapes of actual tensors, in types: what `layer` and `defn` check at each
 * call. `signature.ts` is the counterpart at run time. Nothing here is recursive but over the words of one spec.
 */
import type { Add, Before, Compound, Double, Half, IsUnion, IsWide, Operand } from './dim.js';
import type { TreeSpec } from './spec.js';
import type { Dim, DType, Shape, Tensor } from './tensor.js';
import type { DTypeOf, WordsOf } from './words.js';

// Bindings

/**
 * A symbol, the extent that it has in one place, and the place: `['C', 64, 'arg 2']`. Leading axes are bound once
 * for each place: `['...arg 2', ['N', 28], 'arg 2']`.
 */
type Binding = readonly [symbol: string, extent: Dim | Shape, where: string];
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

export type Same<A, B> = [A, B] extends [B, A] ? true : IsWide<A | B>;

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
type Read<W extends readonly string[], S extends Shape, Where extends string> = W extends readonly [
  '...',
  ...infer Last extends readonly string[],
]
  ? ReadLast<Last, S, Where>
  : number extends S['length']
    ? { [I in keyof W]: Solve<W[I], Dim, Where> }[number]
    : W['length'] extends S['length']
      ? { [I in keyof W]: ReadAxis<W[I], S[I & keyof S] & Dim, Where, I> }[number]
      : `${Where}: rank ${W['length']} expected, but here ${S['length']}`;

/** {@link Read} for the words after the leading axes. */
type ReadLast<W extends readonly string[], S extends Shape, Where extends string> = number extends S['length']
  ? readonly [`...${Where}`, Shape, Where] | { [I in keyof W]: Solve<W[I], Dim, Where> }[number]
  : S extends readonly [...infer Leading extends Shape, ...{ [I in keyof W]: Dim }]
    ? S extends readonly [...Leading, ...infer Last extends Shape]
      ? | readonly [`...${Where}`, Leading, Where]
        | { [I in keyof W]: ReadAxis<W[I], Last[I & keyof Last] & Dim, Where, `... + ${I & string}`> }[number]
      : never
    : `${Where}: rank ${W['length']} or more expected, but here ${S['length']}`;

type ShapeOfTensor<T> = T extends Tensor<infer S, DType> ? S : Shape;

/** One level less, of the levels of a tree that are read: a bound, without which the compiler does not end. */
export type Below = { 3: 2; 2: 1; 1: 0; 0: never };

/** {@link Read} for a tree of tensors, by its spec, down to its third level. */
export type ReadTree<P, T, Where extends string, Level extends keyof Below = 3> = P extends string
  ? Read<WordsOf<P>, ShapeOfTensor<T>, Where>
  : [Below[Level]] extends [never]
    ? never
    : P extends TreeSpec<unknown>
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

/** Wide, where a symbol is bound nowhere, or to two extents: something else was wrong. */
type OrWide<D extends Dim> = [D] extends [never] ? Dim : D;

// `keyof E` costs the compiler much, and is made once for all words
type EvaluatedWords<W extends readonly string[], E, Bound = keyof E> = {
  -readonly [I in keyof W]: OrWide<W[I] extends Bound ? E[W[I] & keyof E] & Dim : Evaluate<W[I], E>>;
};

/** What the leading axes are in each place. */
type Leadings<E> = E[keyof E & `...${string}`];

/** The shape that the words of a spec have in an environment. */
type Evaluated<W extends readonly string[], E> = W extends readonly [
  '...',
  ...infer Last extends readonly string[],
]
  ? IsUnion<Leadings<E>> extends true
    ? Shape
    : Leadings<E> extends infer S extends Shape
      ? number extends S['length']
        ? Shape
        : [...S, ...EvaluatedWords<Last, E>]
      : Shape
  : EvaluatedWords<W, E>;

/** The tree of tensors of a spec, in an environment. */
export type EvaluatedTree<P, E> = P extends string
  ? Evaluated<WordsOf<P>, E> extends infer S extends Shape
    ? Tensor<S, DTypeOf<P>>
    : never
  : P extends TreeSpec<infer T>
    ? WideTree<T> // its symbols are those of the body
    : { readonly [K in keyof P]: EvaluatedTree<P[K], E> };

/** A tree of tensors of any shape. */
export type WideTree<T> =
  T extends Tensor<Shape, infer D> ? Tensor<Shape, D> : { readonly [K in keyof T]: WideTree<T[K]> };

// Errors

/**
 * What is wrong with each binding: it disagrees with what is bound already, which is `E`, or with another that was
 * read with it. `Own` is the environment of those, and `All` the bindings.
 */
type Wrong<R, E, Own, All> = R extends readonly [infer K extends string, infer D, infer Where extends string]
  ? D extends Dim
    ? D extends `${string} has no half`
      ? `${Where}: ${D}`
      : K extends keyof E
        ? Conflict<K, E[K] & Dim, D, Where>
        : K extends Compound
          ? [Evaluate<K, E>] extends [never]
            ? Quarrel<K, D, Where, Own, All>
            : Conflict<K, Evaluate<K, E>, D, Where>
          : Quarrel<K, D, Where, Own, All>
    : D extends Shape
      ? LeadingConflicts<D, E, Where>
      : never
  : R;

type Conflict<K extends string, Earlier extends Dim, D extends Dim, Where extends string> =
  Same<Earlier, D> extends true ? never : `${Where}: axis ${K} = ${Earlier} (bound earlier) but here ${D}`;

type Quarrel<K extends string, D extends Dim, Where extends string, Own, All> =
  Same<Own[K & keyof Own], D> extends true
    ? never
    : Pairs<K, D, Where, Extract<All, readonly [K, Dim, string]>>;

/** Leading axes that differ from those of another place. */
type LeadingConflicts<S extends Shape, E, Where extends string> = {
  [K in keyof E]: K extends `...${infer Place}`
    ? E[K] extends infer Other extends Shape
      ? SameShape<S, Other> extends true
        ? never
        : `${Where}: leading axes ${Shown<S>}, but ${Shown<Other>} in ${Place}`
      : never
    : never;
}[keyof E];

/** What holds a wide extent is equal to all. */
type SameShape<A extends Shape, B extends Shape> = string extends A[number] | B[number]
  ? true
  : [A, B] extends [B, A]
    ? true
    : false;

/** `[N, 28]` for `['N', 28]`. */
type Shown<S extends Shape, Before extends string = '['> = S extends readonly [
  infer D extends Dim,
  ...infer Rest extends Shape,
]
  ? Shown<Rest, `${Before}${Before extends '[' ? '' : ', '}${D}`>
  : `${Before}]`;

/** A message for each other binding of a symbol that is not the same; of two that differ one is told. */
type Pairs<K extends string, D extends Dim, Where extends string, Others> = Others extends readonly [
  string,
  infer Other extends Dim,
  infer Place extends string,
]
  ? Same<D, Other> extends true
    ? never
    : Before<`${Place} ${Other}`, `${Where} ${D}`> extends true
      ? never
      : `${Where}: axis ${K} is ${D}, but ${Other} in ${Place}`
  : never;

/** Sums that were bound before their terms. */
type Pending<E> = {
  [K in keyof E & Compound]: Unequal<K, Evaluate<K, Omit<E, K>>, E[K] & Dim>;
}[keyof E & Compound];
type Unequal<K extends string, D extends Dim, Earlier extends Dim> = [D] extends [never]
  ? never
  : Same<D, Earlier> extends true
    ? never
    : `axis ${K} is ${Earlier}, but its terms give ${D}`;

/** All that is wrong with what was read, where `E` is bound already; `never` where nothing is. */
export type Errors<R, E> = Wrong<R, E, EnvOf<R>, R> | Pending<E & EnvOf<R>>;

// The short way: mostly words are plain, and all is well. It gives what the long one does, for a third of the cost.

/** The words of a spec, where all are extents or symbols, and each symbol is there once; else `never`. */
type PlainWords<P extends string> = Plain<WordsOf<P>> extends true ? WordsOf<P> : never;
type Plain<W extends readonly string[]> = W extends readonly [
  infer First extends string,
  ...infer Rest extends readonly string[],
]
  ? First extends Compound | '...'
    ? false
    : First extends Exclude<Rest[number], `${number}`>
      ? false
      : Plain<Rest>
  : true;

/** The shapes that fit plain words in an environment where no sum waits for its terms. */
type Fitting<W extends readonly string[], E, Bound = keyof E> = [W] extends [never]
  ? never
  : [Bound & Compound] extends [never]
    ? {
        readonly [I in keyof W]: W[I] extends Bound
          ? E[W[I] & keyof E]
          : W[I] extends `${infer N extends number}`
            ? N
            : Dim;
      }
    : never;

type EnvOfPlain<W extends readonly string[], S extends Shape> = {
  [I in keyof W & keyof S & `${number}` as W[I] & string]: S[I];
};

/** {@link Errors} of one tensor. */
export type WrongTensor<P extends string, S extends Shape, E, Where extends string> =
  S extends Fitting<PlainWords<P>, E> ? never : Errors<Read<WordsOf<P>, S, Where>, E>;

/** What is bound after one tensor. */
export type AfterTensor<P extends string, S extends Shape, E, Where extends string> = E &
  (S extends Fitting<PlainWords<P>, E> ? EnvOfPlain<WordsOf<P>, S> : EnvOf<Read<WordsOf<P>, S, Where>>);
