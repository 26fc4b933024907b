/**
 * Patterns of `rearrange` in types: `'B H W (N D) -> B N (H W) D'` and a shape give the shape of the result. See
 * `ops/shape/rearrange.ts` for the checks at run time.
 */
import type { Checked } from './checked.js';
import type { Dim, IsWide, OrElse, Shape, Shown, Wide } from './dim.js';
import type { Product, Quotient } from './product.js';
import type { OrMessage } from './shape.js';
import type { Split } from './words.js';

/** The sizes of axes: `{ N: 4 }`. */
export type Sizes = Readonly<Record<string, number>>;

/** An axis of a pattern: a name, `1`, `...`, or the names in a pair of parentheses. */
type Item = string | readonly string[];

/** `['B', ['N', 'D']]` for `'B (N D)'`. */
type Items<P extends string, List extends readonly Item[] = []> = P extends ` ${infer Rest}`
  ? Items<Rest, List>
  : P extends `(${infer Group})${infer Rest}`
    ? Items<Rest, [...List, Split<Group>]>
    : P extends `${infer Name} ${infer Rest}`
      ? Items<Rest, [...List, Name]>
      : P extends ''
        ? List
        : [...List, P];

type Left<P extends string> = P extends `${infer L}->${string}` ? Items<L> : never;
type Right<P extends string> = P extends `${string}->${infer R}` ? Items<R> : never;

/** The names of a side, without its groups and 1s. */
type NamesOf<I extends readonly unknown[], Names extends readonly string[] = []> = I extends readonly [
  infer First,
  ...infer Rest,
]
  ? First extends readonly string[]
    ? NamesOf<[...First, ...Rest], Names>
    : NamesOf<Rest, First extends '1' ? Names : [...Names, First & string]>
  : Names;

// Checks

/** An error message about the names of a pattern; `never` if they are valid. */
type Wrong<L extends readonly string[], R extends readonly string[], P extends string> = OrElse<
  `'${P}': ${Exclude<R[number], L[number]>} is not on the left`,
  OrElse<
    `'${P}': ${Exclude<L[number], R[number]>} is not on the right`,
    L['length'] extends R['length']
      ? `'${P}': '${Extract<L[number], `${number}` | `${string}${'(' | ')'}${string}`>}' is not the name of an axis`
      : `'${P}': an axis appears twice`
  >
>;

/** An error message if a group has two axes without a size; otherwise `never`. */
type Open<I extends readonly unknown[], Z, P extends string> = {
  [K in keyof I]: I[K] extends readonly string[] ? TwoOpen<I[K], Z, P> : never;
}[number];
type TwoOpen<
  Group extends readonly string[],
  Z,
  P extends string,
  Open extends string = never,
> = Group extends readonly [infer N extends string, ...infer Rest extends readonly string[]]
  ? N extends '...'
    ? `'${P}': ... is in parentheses on the left`
    : N extends keyof Z | '1'
      ? TwoOpen<Rest, Z, P, Open>
      : [Open] extends [never]
        ? TwoOpen<Rest, Z, P, N>
        : `'${P}': give ${Open} or ${N} a size`
  : never;

/** The pattern, or an error message that repeats it. A size of another name is an error of {@link CheckedSizes} only. */
export type CheckedPattern<P extends string, Z> = string extends P
  ? P
  : P extends `${string}->${string}`
    ? OrMessage<
        P,
        | Wrong<NamesOf<Left<P>>, NamesOf<Right<P>>, P>
        | (keyof Z extends NamesOf<Left<P>>[number] ? Open<Left<P>, Z, P> : never)
      >
    : `'${P}' has no arrow: write it like B H W C -> B (H W) C`;

/** The sizes, with an error message for each name that is not in the pattern. */
export type CheckedSizes<P extends string, Z> = string extends P
  ? Z
  : {
      readonly [K in keyof Z]: K extends NamesOf<Left<P>>[number] ? Z[K] : `${K & string} is not an axis of '${P}'`;
    };

/** A tuple with as many elements as the pattern has axes. */
type Any<I extends readonly unknown[]> = I extends readonly [infer First, ...infer Rest]
  ? First extends '...'
    ? readonly [...unknown[], ...Any<Rest>]
    : readonly [unknown, ...Any<Rest>]
  : readonly [];

/**
 * An error message if a tensor does not fit the left side: another rank, or another extent than 1. A 1 in a pattern with
 * `...` is checked when the program is traced.
 */
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

/** The pattern, or an error message if it is invalid or does not fit the tensor. */
export type FittingPattern<P extends string, S extends Shape, Z> = string extends P
  ? P
  : CheckedPattern<P, Z> extends P
    ? Checked<P, S, Unfit<Left<P>, S, P>>
    : CheckedPattern<P, Z>;

/** An error message if the pattern or the sizes do not fit the shape; otherwise `never`. */
export type Misfit<P extends string, S extends Shape, Z> = string extends P
  ? never
  : P extends `${string}->${string}`
    ? OrElse<Unfit<Left<P>, S, P>, Undivided<P, S, Z>>
    : never;

/**
 * An error message if sizes do not divide an axis of the shape, or do not multiply to it; otherwise `never`. A pattern with
 * `...` is checked when the program is traced.
 */
export type Undivided<P extends string, S extends Shape, Z> = number extends S['length']
  ? never
  : UndividedIn<Left<P>, S, Z>;
type UndividedIn<I extends readonly unknown[], S extends Shape, Z> = '...' extends I[number]
  ? never
  : {
      [K in keyof I]: I[K] extends readonly string[]
        ? OtherProduct<I[K], S[K & keyof S], Z>
        : OtherSize<I[K], S[K & keyof S], Z>;
    }[number];
type OtherSize<N, D, Z> = N extends keyof Z
  ? IsWide<D> extends true
    ? never
    : Extract<Sized<D, Z[N]>, `an axis of ${string}`>
  : never;
type OtherProduct<Group extends readonly string[], D, Z, N = Product<SizesOf<Group, Z>>> =
  IsWide<N> extends true
    ? never
    : IsWide<D> extends true
      ? never
      : [D, N] extends [number, number]
        ? [Exclude<Group[number], keyof Z | '1'>] extends [never]
          ? D extends N
            ? never
            : `an axis of ${D & number} has the sizes of ${N & number}`
          : Quotient<D & number, N & number> extends string
            ? `an axis of ${D & number} cannot be divided by ${N & number}`
            : never
        : never;
/** The axes of the shape that have sizes. */
export type SizedAxes<P extends string, S extends Shape, Z> = SizedAxesIn<Left<P>, S, Z>;
type SizedAxesIn<I extends readonly unknown[], S extends Shape, Z> = {
  [K in keyof I]: I[K] extends readonly string[] | keyof Z ? S[K & keyof S] : never;
}[number];

// Extents

/** The extents by name; the extent of `...` is a shape. */
type Extents<I extends readonly unknown[], S extends Shape, Z, Table = unknown> = I extends readonly [
  infer First,
  ...infer Rest,
]
  ? First extends '...'
    ? FromEnd<Rest, S, Z, Table>
    : S extends readonly [infer D, ...infer More extends Shape]
      ? Extents<Rest, More, Z, Table & AxisExtents<First, D, Z>>
      : never
  : Table;
/** The extents of the axes after `...`, from the last one on. */
type FromEnd<I extends readonly unknown[], S extends Shape, Z, Table> = I extends readonly [...infer Rest, infer Last]
  ? S extends readonly [...infer More extends Shape, infer D]
    ? FromEnd<Rest, More, Z, Table & AxisExtents<Last, D, Z>>
    : never
  : Table & { readonly '...': S };

/** The extents of the names in one axis of the tensor. */
type AxisExtents<Item, D, Z> = Item extends readonly string[]
  ? {
      readonly [N in Item[number]]: N extends keyof Z ? Wide<Z[N]> : Quotient<D & Dim, Product<SizesOf<Item, Z>> & Dim>;
    }
  : { readonly [N in Item & string]: N extends keyof Z ? Sized<D, Z[N]> : D };

/** The more precise of two types: of an extent, and of the size that was given for it. */
type Sized<D, N> =
  IsWide<D> extends true ? Wide<N> : D extends string | N ? D : `an axis of ${D & number} has the size ${N & number}`;

/** The given sizes of a group; 1 in place of others. */
type SizesOf<Group extends readonly string[], Z> = {
  [I in keyof Group]: Group[I] extends keyof Z ? Wide<Z[Group[I]]> : 1;
};

/**
 * The extent of an axis of the result, by one name or by several. Both the member and the key that looks it up are
 * deferred until the shape is known: otherwise TypeScript infers into each branch of a multiplication and resolves its
 * constraint.
 */
interface Axis<N, L extends readonly unknown[], S extends Shape, Z> {
  readonly extent: S extends unknown
    ? N extends readonly unknown[]
      ? Product<MergedOf<N, Extents<L, S, Z>>>
      : ExtentOf<N, Extents<L, S, Z>>
    : never;
}
type ExtentOf<N, E> = E[N & keyof E];
type MergedOf<G, E, Axes extends readonly unknown[] = []> = G extends readonly [infer N, ...infer Rest]
  ? MergedOf<Rest, E, N extends '...' ? [...Axes, ...Others<E>] : N extends '1' ? Axes : [...Axes, ExtentOf<N, E>]>
  : Axes;

/** The shape of a right side. */
type ShapeOf<
  I extends readonly unknown[],
  L extends readonly unknown[],
  S extends Shape,
  Z,
  Axes extends readonly unknown[] = [],
> = I extends readonly [infer First, ...infer Rest]
  ? First extends '...'
    ? ShapeOf<Rest, L, S, Z, [...Axes, ...Others<Extents<L, S, Z>>]>
    : First extends '1'
      ? ShapeOf<Rest, L, S, Z, [...Axes, 1]>
      : ShapeOf<Rest, L, S, Z, [...Axes, Axis<First, L, S, Z>[S extends unknown ? 'extent' : never]]>
  : Axes;

/** The shape of `...`. */
type Others<E> = E extends { readonly '...': infer S extends Shape } ? S : never;

/** The shape of a right side if only the rank is known. */
type WideShapeOf<I extends readonly unknown[]> = '...' extends I[number] ? Shape : { [K in keyof I]: Dim };

/** The shape of `rearrange(x, pattern, sizes)`. `S extends unknown` defers it until the shape is known. */
export type Rearranged<P extends string, S extends Shape, Z> = S extends unknown
  ? string extends P
    ? Shape
    : number extends S['length']
      ? WideShapeOf<Right<P>>
      : ShapeOf<Right<P>, Left<P>, S, Z>
  : never;
