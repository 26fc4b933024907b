/**
 * Products and quotients of extents in types. Literals are computed; symbols become expressions in a canonical form,
 * which `dimExpression.ts` evaluates: `Product<['W', 'H']>` is `'H*W'`. The wide `Dim` stays wide.
 */
import type { Divided, FromDigits, Times } from '../../internal/digits.js';
import type { Before, Compound, Dim, Factor, Half, IsWide, Operand, OrElse } from './dim.js';

/** The product of extents: `784` for `[28, 28]`, `'H*W'` for `['W', 'H']`, `'4*C'`, `'A*(H/2)'`; 1 for `[]`. */
export type Product<D extends readonly unknown[]> = D extends readonly []
  ? 1
  : D extends readonly [infer One]
    ? One
    : ExtentOf<Flattened<D>>;

/**
 * The quotient of extents: `16` for `64` and `4`, `'C/4'`, `'C'` for `'4*C'`, `'H'` for `'H*W'` and `'W'`. A literal that
 * does not divide another gives an error message. The quotient is `Dim` if it is known only at run time.
 */
export type Quotient<A extends Dim, B extends Dim> = true extends IsWide<A> | IsWide<B>
  ? Dim
  : [A] extends [B]
    ? 1
    : B extends 1
      ? A
      : A extends number
        ? B extends number
          ? WideOr<Divided<A, B>>
          : Dim
        : B extends 2
          ? Half<A>
          : Cancelled<A & string, B>;

type WideOr<Q> = number extends Q ? Dim : Q;

// Symbols

type Words = readonly string[];

/** A product: its literal coefficient, last digit first, and its other factors: symbols and parenthesized compounds. */
type Factors = readonly [coefficient: string, atoms: Words];

/** The factors of several extents; `never` if one of them is wide. */
type Flattened<D extends readonly unknown[], Product extends Factors = ['1', []]> = D extends readonly [
  infer One,
  ...infer Rest,
]
  ? IsWide<One> extends true
    ? never
    : Flattened<Rest, With<Product, One>>
  : Product;

/** Appends the factors of one extent. */
type With<F extends Factors, D> = D extends number
  ? [Times<F[0], `${D}`>, F[1]]
  : D extends `${infer N extends `${number}`}*${infer X}`
    ? [Operand<X>] extends [never]
      ? [F[0], Sorted<F[1], AtomsOf<D>>]
      : With<[Times<F[0], N>, F[1]], Operand<X>>
    : [F[0], Sorted<F[1], AtomsOf<D & string>>];

/** `['H', 'W']` for `'H*W'`, `['H/2']` in parentheses for `'H/2'`. */
type AtomsOf<D extends string> = D extends Compound
  ? D extends `${string}${'+' | '/' | '('}${string}`
    ? [`(${D})`]
    : SplitAt<D>
  : [D];
type SplitAt<D extends string> = D extends `${infer A}*${infer Rest}` ? [A, ...SplitAt<Rest>] : [D];

/** Inserts atoms in alphabetical order. */
type Sorted<A extends Words, More extends Words> = More extends [infer One extends string, ...infer Rest extends Words]
  ? Sorted<Inserted<A, One>, Rest>
  : A;
type Inserted<A extends Words, X extends string> = A extends [infer First extends string, ...infer Rest extends Words]
  ? Before<First, X> extends true
    ? [First, ...Inserted<Rest, X>]
    : [X, ...A]
  : [X];

type Join<A extends Words> = A extends [infer One extends string]
  ? One
  : A extends [infer First extends string, ...infer Rest extends Words]
    ? `${First}*${Join<Rest>}`
    : '';

/** Factors as one extent, in the form of `Double`. */
type ExtentOf<F extends Factors> = [F] extends [never]
  ? Dim
  : F[1] extends readonly []
    ? FromDigits<F[0]>
    : F[0] extends '0'
      ? 0
      : Scaled<FromDigits<F[0]>, F[1] extends readonly [infer One extends string] ? Operand<One> : Join<F[1]>>;
type Scaled<N extends number, X extends string> = N extends 1
  ? X
  : X extends `${infer Y}/${N}`
    ? OrElse<Operand<Y>, `${N}*${Factor<X>}`>
    : `${N}*${Factor<X>}`;

/** Divides a symbolic extent: cancels a common factor, or writes a fraction for a literal divisor. */
type Cancelled<A extends string, B extends Dim> = B extends number
  ? A extends `${infer N extends number}*${infer X}`
    ? [Operand<X>] extends [never]
      ? Fraction<A, B>
      : Quotient<N, B> extends infer Q extends number
        ? Product<[Q, Operand<X>]>
        : Fraction<A, B>
    : Fraction<A, B>
  : A extends Compound
    ? WithoutAtom<Flattened<[A]>, B & string>
    : Dim;
type Fraction<A extends string, B extends number> = `${Factor<A>}/${B}`;

type WithoutAtom<F extends Factors, B extends string> =
  Removed<F[1], AtomsOf<B>[0]> extends infer Rest extends Words
    ? AtomsOf<B> extends [string]
      ? ExtentOf<[F[0], Rest]>
      : Dim
    : Dim;
/** Removes one atom; null if it is missing. */
type Removed<A extends Words, X, Seen extends Words = []> = A extends [
  infer First extends string,
  ...infer Rest extends Words,
]
  ? First extends X
    ? [...Seen, ...Rest]
    : Removed<Rest, X, [...Seen, First]>
  : null;
