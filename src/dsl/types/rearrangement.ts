/**
 * Patterns of `rearrange` in types: `'B H W (N D) -> B N (H W) D'` and a shape give the shape of the result. The
 * counterpart at run time is in `ops/rearrange.ts`.
 */
import type { Dim, IsWide, Shape, Wide } from './dim.js';
import type { Product, Quotient } from './product.js';
import type { Shown } from './shown.js';

/** The sizes of axes: `{ N: 4 }`. */
export type Sizes = Readonly<Record<string, number>>;

/** An axis of a pattern: its name, `1`, `...`, or the names in a pair of parentheses. */
type Item = string | readonly string[];

/** `['B', ['N', 'D']]` for `'B (N D)'`. */
type Items<P extends string, Found extends readonly Item[] = []> = P extends ` ${infer Rest}`
  ? Items<Rest, Found>
  : P extends `(${infer Group})${infer Rest}`
    ? Items<Rest, [...Found, Names<Group>]>
    : P extends `${infer Name} ${infer Rest}`
      ? Items<Rest, [...Found, Name]>
      : P extends ''
        ? Found
        : [...Found, P];
/** The words of a group. */
type Names<P extends string, Found extends readonly string[] = []> = P extends ` ${infer Rest}`
  ? Names<Rest, Found>
  : P extends `${infer Name} ${infer Rest}`
    ? Names<Rest, [...Found, Name]>
    : P extends ''
      ? Found
      : [...Found, P];

type Left<P extends string> = P extends `${infer L}->${string}` ? Items<L> : never;
type Right<P extends string> = P extends `${string}->${infer R}` ? Items<R> : never;

/** The names of a side, one after the other; 1 has none. */
type NamesOf<I extends readonly unknown[], Found extends readonly string[] = []> = I extends readonly [
  infer First,
  ...infer Rest,
]
  ? First extends readonly string[]
    ? NamesOf<[...First, ...Rest], Found>
    : NamesOf<Rest, First extends '1' ? Found : [...Found, First & string]>
  : Found;

// Checks

/** A message about the names of a pattern; `never` where nothing is wrong. */
type Wrong<L extends readonly string[], R extends readonly string[], P extends string> = [
  Exclude<R[number], L[number]>,
] extends [never]
  ? [Exclude<L[number], R[number]>] extends [never]
    ? L['length'] extends R['length']
      ? NoName<L[number], P>
      : `'${P}': an axis is there twice`
    : `'${P}': ${Exclude<L[number], R[number]>} is not on the right`
  : `'${P}': ${Exclude<R[number], L[number]>} is not on the left`;

type NoName<N extends string, P extends string> =
  Extract<N, `${number}` | `${string}${'(' | ')'}${string}`> extends infer W extends string
    ? [W] extends [never]
      ? never
      : `'${P}': '${W}' is not the name of an axis`
    : never;

/** A message where a group has two axes without a size; `never` where none has. */
type Open<I extends readonly unknown[], Z, P extends string> = {
  [K in keyof I]: I[K] extends readonly string[] ? TwoOpen<I[K], Z, P> : never;
}[number];
type TwoOpen<
  Group extends readonly string[],
  Z,
  P extends string,
  Found extends string = never,
> = Group extends readonly [infer N extends string, ...infer Rest extends readonly string[]]
  ? N extends '...'
    ? `'${P}': ... is in parentheses on the left`
    : N extends keyof Z | '1'
      ? TwoOpen<Rest, Z, P, Found>
      : [Found] extends [never]
        ? TwoOpen<Rest, Z, P, N>
        : `'${P}': give ${Found} or ${N} a size`
  : never;

type OrMessage<T, Message> = [Message] extends [never] | [[never]] ? T : Message;

/** The pattern, or a message that repeats it. */
export type CheckedPattern<P extends string, Z> = string extends P
  ? P
  : P extends `${string}->${string}`
    ? OrMessage<P, Wrong<NamesOf<Left<P>>, NamesOf<Right<P>>, P> | Open<Left<P>, Z, P>>
    : `'${P}' has no arrow: write it like B H W C -> B (H W) C`;

/** Sizes of axes that the pattern has. */
export type CheckedSizes<P extends string, Z> = string extends P
  ? Z
  : {
      readonly [K in keyof Z]: K extends NamesOf<Left<P>>[number]
        ? Z[K]
        : `${K & string} is not an axis of '${P}'`;
    };

/** As many elements, of any type. */
type Any<I extends readonly unknown[]> = I extends readonly [infer First, ...infer Rest]
  ? First extends '...'
    ? readonly [...unknown[], ...Any<Rest>]
    : readonly [unknown, ...Any<Rest>]
  : readonly [];

/** What of a tensor does not fit the left side: its rank, or an axis that is not 1. A pattern with `...` tells when traced. */
type Unfit<I extends readonly unknown[], S extends Shape, P extends string> = number extends S['length']
  ? never
  : S extends Any<I>
    ? '1' extends Exclude<I[number], '...' extends I[number] ? '1' : never>
      ? true extends { [K in keyof I]: I[K] extends '1' ? IsNotOne<S[K & keyof S]> : false }[number]
        ? `'${P}' does not fit ${Shown<S>}: 1 stands for an axis of 1`
        : never
      : never
    : `'${P}' does not fit ${Shown<S>}`;
type IsNotOne<D> = IsWide<D> extends true ? false : D extends 1 ? false : true;

/** The pattern, or a message where it is wrong or does not fit the tensor. */
export type FittingPattern<P extends string, S extends Shape, Z> = string extends P
  ? P
  : CheckedPattern<P, Z> extends P
    ? OrMessage<P, Unfit<Left<P>, S, P>>
    : CheckedPattern<P, Z>;

/** The shape, or a message where a pattern does not fit it. */
export type FittingShape<P extends string, S extends Shape> = S extends unknown
  ? P extends `${string}->${string}`
    ? OrMessage<S, [Unfit<Left<P>, S, P>]>
    : S
  : never;

// Extents

/** The extents of the axes by name; `...` has the shape of its axes. */
type Extents<I extends readonly unknown[], S extends Shape, Z, Found = unknown> = I extends readonly [
  infer First,
  ...infer Rest,
]
  ? First extends '...'
    ? FromEnd<Rest, S, Z, Found>
    : S extends readonly [infer D, ...infer More extends Shape]
      ? Extents<Rest, More, Z, Found & AxisExtents<First, D, Z>>
      : never
  : Found;
/** The same of the axes behind `...`, the last one first. */
type FromEnd<I extends readonly unknown[], S extends Shape, Z, Found> = I extends readonly [
  ...infer Rest,
  infer Last,
]
  ? S extends readonly [...infer More extends Shape, infer D]
    ? FromEnd<Rest, More, Z, Found & AxisExtents<Last, D, Z>>
    : never
  : Found & { readonly '...': S };

/** The extents that one axis of the tensor gives. */
type AxisExtents<Item, D, Z> = Item extends readonly string[]
  ? {
      readonly [N in Item[number]]: N extends keyof Z
        ? Wide<Z[N]>
        : Quotient<D & Dim, Product<SizesOf<Item, Z>> & Dim>;
    }
  : { readonly [N in Item & string]: N extends keyof Z ? Sized<D, Z[N]> : D };

/** An extent whose size is given as well: what is known of both. */
type Sized<D, N> =
  IsWide<D> extends true
    ? Wide<N>
    : D extends number
      ? D extends N
        ? D
        : `an axis of ${D} has the size ${N & number}`
      : D;

/** The sizes of a group that are given. */
type SizesOf<Group extends readonly string[], Z> = Group extends readonly [
  infer N,
  ...infer Rest extends readonly string[],
]
  ? N extends keyof Z
    ? [Wide<Z[N]>, ...SizesOf<Rest, Z>]
    : SizesOf<Rest, Z>
  : [];

/**
 * The extents of an axis of the result, by a name and by several. They are looked up by a key that waits until the shape
 * is known, and wait themselves: TypeScript would else infer into each branch of a multiplication, and look for its
 * constraint.
 */
interface Axis<N, L extends readonly unknown[], S extends Shape, Z> {
  readonly named: S extends unknown ? ExtentOf<N, Extents<L, S, Z>> : never;
  readonly merged: S extends unknown ? Product<MergedOf<N, Extents<L, S, Z>>> : never;
}
type Named<S> = S extends unknown ? 'named' : never;
type Merged<S> = S extends unknown ? 'merged' : never;

type ExtentOf<N, E> = E[N & keyof E];
type MergedOf<G, E, Found extends readonly unknown[] = []> = G extends readonly [infer N, ...infer Rest]
  ? MergedOf<
      Rest,
      E,
      N extends '...' ? [...Found, ...Others<E>] : N extends '1' ? Found : [...Found, ExtentOf<N, E>]
    >
  : Found;

/** The shape of a right side. */
type ShapeOf<
  I extends readonly unknown[],
  L extends readonly unknown[],
  S extends Shape,
  Z,
  Found extends readonly unknown[] = [],
> = I extends readonly [infer First, ...infer Rest]
  ? First extends '...'
    ? ShapeOf<Rest, L, S, Z, [...Found, ...Others<Extents<L, S, Z>>]>
    : First extends '1'
      ? ShapeOf<Rest, L, S, Z, [...Found, 1]>
      : First extends readonly unknown[]
        ? ShapeOf<Rest, L, S, Z, [...Found, Axis<First, L, S, Z>[Merged<S>]]>
        : ShapeOf<Rest, L, S, Z, [...Found, Axis<First, L, S, Z>[Named<S>]]>
  : Found;

/** The axes that `...` stands for. */
type Others<E> = E extends { readonly '...': infer S extends Shape } ? S : never;

/** The shape of a right side of which only the rank is known. */
type WideShapeOf<I extends readonly unknown[], Found extends Shape = []> = I extends readonly [
  infer First,
  ...infer Rest,
]
  ? First extends '...'
    ? Shape
    : WideShapeOf<Rest, [...Found, Dim]>
  : Found;

/** The shape of `rearrange(x, pattern, sizes)`. `S extends unknown` makes it wait until the shape is known. */
export type Rearranged<P extends string, S extends Shape, Z> = S extends unknown
  ? string extends P
    ? Shape
    : number extends S['length']
      ? WideShapeOf<Right<P>>
      : ShapeOf<Right<P>, Left<P>, S, Z>
  : never;
