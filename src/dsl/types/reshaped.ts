/**
 * The result of `reshape` in types. Symbols at the front or at the end of the new shape stand for the axes that the old
 * shape has there; −1 is the quotient of the remaining axes.
 */
import type { Dim, IsWide, Shape, Shown } from './dim.js';
import type { Product, Quotient } from './product.js';

/** The axes of the old and the new shape between the symbols at both ends; or an error message. */
type Middle<S extends Shape, E extends readonly Dim[], All extends Shape = S> = E extends readonly [
  infer First extends string,
  ...infer More extends readonly Dim[],
]
  ? S extends readonly [First, ...infer Rest extends Shape]
    ? Middle<Rest, More, All>
    : Misplaced<First, All>
  : BeforeEnd<S, E, All>;
type BeforeEnd<S extends Shape, E extends readonly Dim[], All extends Shape> = E extends readonly [
  ...infer More extends readonly Dim[],
  infer Last extends string,
]
  ? S extends readonly [...infer Rest extends Shape, Last]
    ? BeforeEnd<Rest, More, All>
    : Misplaced<Last, All>
  : [Extract<E[number], string>] extends [never]
    ? readonly [S, E]
    : Misplaced<Extract<E[number], string>, All>;
type Misplaced<
  D extends string,
  S extends Shape,
> = `'${D}' does not stay at its end of ${Shown<S>}: write -1, or use rearrange`;

/** An error message if a symbol is not at the same end of the old shape; otherwise `never`. */
export type Mismatch<S extends Shape, E extends readonly Dim[]> = Extract<Middle<S, E>, string>;

/** The extents, with 1 in place of −1. */
type Others<E extends readonly unknown[]> = { [I in keyof E]: E[I] extends -1 ? 1 : E[I] };

/** The quotient of the sizes of two shapes. Equal literals at either end are dropped first. */
type Left<Old extends Shape, New extends readonly Dim[]> = Old extends readonly [infer D, ...infer Rest extends Shape]
  ? New extends readonly [Literal<D>, ...infer More extends readonly Dim[]]
    ? Left<Rest, More>
    : LeftBefore<Old, New>
  : LeftBefore<Old, New>;
type LeftBefore<Old extends Shape, New extends readonly Dim[]> = Old extends readonly [
  ...infer Rest extends Shape,
  infer D,
]
  ? New extends readonly [...infer More extends readonly Dim[], Literal<D>]
    ? LeftBefore<Rest, More>
    : Divided<Product<Old>, Product<Others<New>>>
  : Divided<Product<Old>, Product<Others<New>>>;
/** A literal or symbol; `never` for a wide extent, which may differ from another one. */
type Literal<D> = IsWide<D> extends true ? never : D;
type Divided<A, B> = Quotient<A & Dim, B & Dim>;

/** The extent of −1. The key that looks it up is deferred until the shape is known, as in `rearrangement.ts`. */
export type Rest<S extends Shape, E extends readonly Dim[]> = Remainder<S, E>[S extends unknown ? 'extent' : never];
interface Remainder<S extends Shape, E extends readonly Dim[]> {
  readonly extent: S extends unknown
    ? number extends S['length']
      ? Dim
      : Middle<S, E> extends readonly [infer Old extends Shape, infer New extends readonly Dim[]]
        ? Left<Old, New>
        : Dim
    : never;
}
