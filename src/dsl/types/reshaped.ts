/**
 * What `reshape` knows of the extents of its result, in types. Symbols at the front of the new shape are those at the
 * front of the old one, and symbols at its end those at the end; −1 is what they leave.
 */
import type { Dim, IsWide, Shape } from './dim.js';
import type { Product, Quotient } from './product.js';
import type { Shown } from './shown.js';

/** What lies between the symbols at both ends: of the old shape, and of the new one; or a message. */
type Middle<S extends Shape, E extends readonly Dim[], All extends Shape = S> = E extends readonly [
  infer First extends string,
  ...infer More extends readonly Dim[],
]
  ? S extends readonly [infer D, ...infer Rest extends Shape]
    ? [D] extends [First]
      ? Middle<Rest, More, All>
      : Misplaced<First, All>
    : Misplaced<First, All>
  : BeforeEnd<S, E, All>;
type BeforeEnd<S extends Shape, E extends readonly Dim[], All extends Shape> = E extends readonly [
  ...infer More extends readonly Dim[],
  infer Last extends string,
]
  ? S extends readonly [...infer Rest extends Shape, infer D]
    ? [D] extends [Last]
      ? BeforeEnd<Rest, More, All>
      : Misplaced<Last, All>
    : Misplaced<Last, All>
  : [Extract<E[number], string>] extends [never]
    ? readonly [S, E]
    : Misplaced<Extract<E[number], string>, All>;
type Misplaced<
  D extends string,
  S extends Shape,
> = `'${D}' does not stay at its end of ${Shown<S>}: write -1, or use rearrange`;

/** A message where a symbol is not at the end that it has in the old shape; `never` where all are. */
export type Mismatch<S extends Shape, E extends readonly Dim[]> = Extract<Middle<S, E>, string>;

/** Extents without the −1. */
type Others<E extends readonly unknown[], Found extends readonly unknown[] = []> = E extends readonly [
  infer First,
  ...infer Rest,
]
  ? Others<Rest, First extends -1 ? Found : [...Found, First]>
  : Found;

/** The quotient of two shapes without the literals that both have at an end. */
type Left<Old extends Shape, New extends readonly Dim[]> = Old extends readonly [
  infer D,
  ...infer Rest extends Shape,
]
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
/** What a wide extent is equal to is not known. */
type Literal<D> = IsWide<D> extends true ? never : D;
type Divided<A, B> = Quotient<A & Dim, B & Dim>;

/** The extent of the −1. It is looked up by a key that waits until the shape is known, as those of `rearrange` are. */
export type Rest<S extends Shape, E extends readonly Dim[]> = Remainder<S, E>[S extends unknown
  ? 'extent'
  : never];
interface Remainder<S extends Shape, E extends readonly Dim[]> {
  readonly extent: S extends unknown
    ? number extends S['length']
      ? Dim
      : Middle<S, E> extends readonly [infer Old extends Shape, infer New extends readonly Dim[]]
        ? Left<Old, New>
        : Dim
    : never;
}
