/**
 * Checks of extents, and arithmetic on them in types. Literals are computed; symbols become expressions in a canonical
 * form, so that equal extents are equal types: `Double<Half<'H'>>` is `'H'`, `Add<'D', 'C'>` is `'C+D'`. The wide `Dim`
 * stays wide.
 */
import type { HalfLiteral, Sum } from '../../internal/digits.js';
import { refuseShape } from '../../internal/errors.js';
import { sizeOf } from '../../internal/numbers.js';
import type { IsAny, IsUnion, LastOf } from '../../internal/typeKinds.js';
import type { BadWord } from './words.js';

/**
 * An extent: a literal, a symbol or an expression (`'B'`, `'H/2'`, `'2*C'`, `'C+D'`), or the wide `Dim` if it is known
 * only at run time.
 */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** True for `Dim`, `number` and `string`: extents that are known only when the program is traced. */
export type IsWide<D> = number extends D ? true : string extends D ? true : false;

/**
 * Half an extent: `14` for `28`, `'H/2'` for `'H'`, `'C'` for `'2*C'`. An odd literal gives an error message, which no
 * extent is assignable to.
 */
export type Half<D extends Dim> =
  IsWide<D> extends true ? Dim : D extends number ? HalfLiteral<D> : D extends string ? HalfOf<D> : never;

/** An error message in place of an extent: of {@link Half}, and of a quotient. */
type Message = `${string}: ${string}` | `${string} does not divide ${number}` | `an axis of ${string}`;

/** `D` as an extent of a result: `never` for an error message, so that only the wrong argument is an error. */
export type OrNever<D> = D extends Message ? never : D & Dim;

/** Twice an extent, the inverse of {@link Half}: `56` for `28`, `'2*C'` for `'C'`, `'H'` for `'H/2'`. */
export type Double<D extends Dim> =
  IsWide<D> extends true ? Dim : D extends number ? Sum<D, D> : D extends string ? DoubleOf<D> : never;

/** The sum of two extents: `96` for `32` and `64`, `'C+D'` for `'C'` and `'D'` in either order, `'C+1'`. */
export type Add<A extends Dim, B extends Dim> = true extends IsWide<A> | IsWide<B>
  ? Dim
  : A extends number
    ? B extends number
      ? Sum<A, B>
      : Unexplored<SymbolPlus<B & string, A>>
    : B extends number
      ? Unexplored<SymbolPlus<A & string, B>>
      : Unexplored<SumOf<A & string, B & string>>;

/** The extent of a word in a spec: `28` for `'28'`, `'C+D'` for `'D+C'`, otherwise the word. */
export type DimOf<W extends string> = W extends `${infer N extends number}`
  ? N
  : W extends Opaque
    ? W
    : W extends `${infer A}+${infer B}`
      ? Add<DimOf<A> & Dim, DimOf<B> & Dim>
      : W;

// Symbols

/** An expression in which a `+` may be inside parentheses. */
type Opaque = `${string}(${string}`;
type Operator = '+' | '*' | '/';
export type Compound = `${string}${Operator}${string}`;

/** An operand of `*` or `/`: compounds are parenthesized. */
export type Factor<D extends string> = D extends Compound ? `(${D})` : D;
/** An operand of `+` beside an opaque one: only sums are parenthesized. */
type Term<D extends string> = D extends `${string}+${string}` ? `(${D})` : D;

/** The inverse of {@link Factor}: `X` without its parentheses. `never` if `X` is not one operand, as in `(A)+(B)`. */
export type Operand<X extends string> = X extends `(${infer Y})`
  ? Y extends `${string})${string}`
    ? Balanced<Y> extends true
      ? Y
      : never
    : Y
  : X extends Compound
    ? never
    : X;

/** True if each `)` has a `(` before it. */
type Balanced<X extends string, Open extends string = ''> = X extends `${infer C}${infer Rest}`
  ? C extends '('
    ? Balanced<Rest, `(${Open}`>
    : C extends ')'
      ? Open extends `(${infer Fewer}`
        ? Balanced<Rest, Fewer>
        : false
      : Balanced<Rest, Open>
  : true;

/** `T`, or another type if it is `never`. */
export type OrElse<T, Other> = [T] extends [never] ? Other : T;

type HalfOf<D extends string> = D extends Message
  ? D
  : D extends `2*${infer X}`
    ? OrElse<Operand<X>, `(${D})/2`>
    : `${Factor<D>}/2`;
type DoubleOf<D extends string> = D extends Message
  ? D
  : D extends `${infer X}/2`
    ? OrElse<Operand<X>, `2*(${D})`>
    : `2*${Factor<D>}`;

type SymbolPlus<A extends string, N extends number> = A extends Message
  ? A
  : N extends 0
    ? A
    : A extends Opaque
      ? `${Term<A>}+${N}`
      : WithTerm<A, `${N}`>;

type SumOf<A extends string, B extends string> = [Extract<A | B, Message>] extends [never]
  ? SymbolSum<A, B>
  : Extract<A | B, Message>;
type SymbolSum<A extends string, B extends string> = A extends B
  ? DoubleOf<A>
  : [Extract<A | B, Opaque>] extends [never]
    ? WithTerms<A, B>
    : Before<A, B> extends true
      ? `${Term<A>}+${Term<B>}`
      : `${Term<B>}+${Term<A>}`;

/** `D`; `infer` keeps the compiler from looking for a constraint of it in generic functions. */
type Unexplored<D> = D extends infer Same extends string ? Same : never;

/** Adds the terms of `B` to a sum, one after the other. */
type WithTerms<A extends string, B extends string> = B extends `${infer First}+${infer Rest}`
  ? WithTerms<WithTerm<A, First>, Rest>
  : WithTerm<A, B>;
/** Adds one term to a sum, whose terms are in alphabetical order, with a literal at the end. */
type WithTerm<A extends string, T extends string> = A extends `${infer First}+${infer Rest}`
  ? Precedes<First, T> extends true
    ? `${First}+${WithTerm<Rest, T>}`
    : `${T}+${A}`
  : [A, T] extends [`${infer M extends number}`, `${infer N extends number}`]
    ? `${Sum<M, N>}`
    : Precedes<A, T> extends true
      ? `${A}+${T}`
      : `${T}+${A}`;
type Precedes<A extends string, T extends string> = T extends `${number}`
  ? true
  : A extends `${number}`
    ? false
    : Before<A, T>;

type Alphabet = ' .()*+/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';

/** True if `A` sorts before `B` (or is equal): the order of terms and factors. */
export type Before<A extends string, B extends string> = A extends `${infer X}${infer XS}`
  ? B extends `${infer Y}${infer YS}`
    ? X extends Y
      ? Before<XS, YS>
      : Alphabet extends `${string}${X}${string}${Y}${string}`
        ? true
        : false
    : false
  : true;

// Checks

/** Tests if a number is an extent: a safe integer ≥ 0. */
export const isExtent = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;

/** Returns the extents. Raises `ShapeError` if one of them is invalid. */
export const extents = (where: string, shape: readonly number[]): readonly number[] =>
  shape.every(isExtent) ? shape : refuseShape(where, 'integers ≥ 0', shape, 'extents count elements');

/** Returns the extents of a tensor. Raises `ShapeError` if one is invalid, or if they have too many elements to count. */
export const countable = (where: string, shape: readonly number[]): readonly number[] =>
  Number.isSafeInteger(sizeOf(extents(where, shape)))
    ? shape
    : refuseShape(where, 'at most 2^53 - 1 elements', shape, 'use smaller extents');

/**
 * A shape with an error message in place of each union. TypeScript infers `4 | 5` for a type parameter that stands for 4
 * in one argument and for 5 in another; no tensor has such a shape. A `Dim` stays one extent.
 */
export type OneEach<S extends Shape> = { -readonly [I in keyof S]: OneValue<S[I]> };
type OneValue<D, Whole = D> = D extends unknown
  ? [Whole] extends [D]
    ? D
    : IsWide<Whole> extends true
      ? D
      : TwoValues<Whole & Dim, LastOf<Whole> & Dim>
  : never;
type TwoValues<
  Whole extends Dim,
  Last extends Dim,
> = `one extent has two values in this call, ${Exclude<Whole, Last>} and ${Last}`;

/**
 * `D` if it is one valid extent, otherwise an error message: for a union, an invalid word, a pattern of words, a negative
 * or fractional literal, or a literal that JavaScript prints with an exponent. `never` for `any`.
 */
export type Extent<D> =
  IsAny<D> extends true
    ? never
    : IsWide<D> extends true
      ? D
      : IsUnion<D> extends true
        ? 'an extent must not be a union'
        : `${D & Dim}` extends `-${string}`
          ? `${D & Dim} is negative`
          : D extends number
            ? `${D}` extends `${string}e+${string}`
              ? `${D} is more than can be counted`
              : `${D}` extends `${string}.${string}` | `${string}e-${string}`
                ? `${D} is not an integer`
                : D
            : {} extends Record<D & string, 1>
              ? 'an extent must not be a pattern'
              : OrElse<BadWord<[D & string]>, D>;

/** The parameter type of functions that take a shape. */
export type Extents<S> = { [I in keyof S]: Extent<S[I]> };

/** Maps `number` and branded numbers to the wide `Dim`; keeps literals and symbols. */
export type Wide<D> =
  IsWide<D> extends true
    ? Dim
    : D extends number
      ? {} extends Record<`${D}`, 1>
        ? Dim
        : D
      : D extends string
        ? D
        : never;

/** Applies {@link Wide} to each extent of a shape. */
export type Widened<S> = { -readonly [I in keyof S]: Wide<S[I]> };

/** A shape in a compiler error: `[B, 28, Dim]`. */
export type Shown<S extends Shape, Text extends string = ''> = S extends readonly [
  infer D extends Dim,
  ...infer Rest extends Shape,
]
  ? Shown<Rest, `${Text}${Text extends '' ? '' : ', '}${IsWide<D> extends true ? 'Dim' : D}`>
  : `[${Text}]`;
