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
> = `'${D}' is not at the same end of ${Shown<S>}: write -1, or use rearrange`;

/** An error message if a symbol is not at the same end of the old shape; otherwise `never`. */
export type Displaced<S extends Shape, E extends readonly Dim[]> = Extract<Middle<S, E>, string>;

/** The extents, with 1 in place of −1. */
type Others<E extends readonly unknown[]> = { [I in keyof E]: E[I] extends -1 ? 1 : E[I] };

/** The axes of two shapes without the equal literals at either end. */
type Different<Old extends Shape, New extends readonly Dim[]> = Old extends readonly [
  infer D,
  ...infer Rest extends Shape,
]
  ? New extends readonly [Literal<D>, ...infer More extends readonly Dim[]]
    ? Different<Rest, More>
    : DifferentBefore<Old, New>
  : DifferentBefore<Old, New>;
type DifferentBefore<Old extends Shape, New extends readonly Dim[]> = Old extends readonly [
  ...infer Rest extends Shape,
  infer D,
]
  ? New extends readonly [...infer More extends readonly Dim[], Literal<D>]
    ? DifferentBefore<Rest, More>
    : readonly [Old, New]
  : readonly [Old, New];
/** A literal or symbol; `never` for a wide extent, which may differ from another one. */
type Literal<D> = IsWide<D> extends true ? never : D;

/** The axes of the old and the new shape that decide whether they have as many elements. */
type Decisive<S extends Shape, E extends readonly Dim[]> =
  Middle<S, E> extends readonly [infer Old extends Shape, infer New extends readonly Dim[]]
    ? Different<Old, New>
    : readonly [Shape, Shape];

/** An error message if literals show that the new shape has more or fewer elements; otherwise `never`. */
export type Unfilled<S extends Shape, E extends readonly Dim[]> = true extends
  | (number extends S['length'] | E['length'] ? true : false)
  | (0 extends S[number] ? true : false) // equal axes of no elements would be dropped
  ? never
  : Decisive<S, E> extends readonly [infer Old extends Shape, infer New extends Shape]
    ? [Extract<E[number], -1>] extends [never]
      ? Unequal<Old, New, Product<Old>, Product<New>>
      : | TwoRests<E>
        | Extract<Quotient<Product<Old> & Dim, Product<Others<New>> & Dim>, `${string} does not divide ${number}`>
    : never;
/** An error message if two extents are −1; otherwise `never`. */
type TwoRests<E extends readonly unknown[]> = E extends readonly [infer First, ...infer More]
  ? First extends -1
    ? -1 extends More[number]
      ? 'only one extent may be -1'
      : never
    : TwoRests<More>
  : never;
type Unequal<Old extends Shape, New extends Shape, N, M> = [N, M] extends [number, number]
  ? number extends N | M
    ? never
    : [N] extends [M]
      ? never
      : `${Shown<Old>} has ${N & number} elements, ${Shown<New>} has ${M & number}`
  : never;

/** The extent of −1. The key that looks it up is deferred until the shape is known, as in `rearrangement.ts`. */
export type Rest<S extends Shape, E extends readonly Dim[]> = Remainder<S, E>[S extends unknown ? 'extent' : never];
interface Remainder<S extends Shape, E extends readonly Dim[]> {
  readonly extent: S extends unknown
    ? number extends S['length']
      ? Dim
      : Decisive<S, E> extends readonly [infer Old extends Shape, infer New extends readonly Dim[]]
        ? Quotient<Product<Old> & Dim, Product<Others<New>> & Dim>
        : Dim
    : never;
}
