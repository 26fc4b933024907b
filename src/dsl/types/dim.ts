/**
 * Arithmetic on extents in types. Literals are computed digit by digit; symbols grow into expressions with
 * one canonical form, so that two ways to the same extent are the same type: `Double<Half<'H'>>` is `'H'`,
 * `Add<'D', 'C'>` is `'C+D'`. The wide `Dim` stays wide.
 */
import type { BadWord } from './words.js';

/** An extent: a literal, a symbol (`'B'`, `'H/2'`, `'2*C'`, `'C+D'`), or wide if only the run knows it. */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** True for `Dim`, `number` and `string`: an extent that only the trace knows. */
export type IsWide<D> = number extends D ? true : string extends D ? true : false;

/**
 * Half an extent: `14` for `28`, `'H/2'` for `'H'`, `'C'` for `'2*C'`. An odd literal has none; a message
 * takes its place, which fits nothing.
 */
export type Half<D extends Dim> =
  IsWide<D> extends true
    ? Dim
    : D extends number
      ? HalfDigits<`${D}`, D>
      : D extends string
        ? HalfOf<D>
        : never;

/** Twice an extent, the inverse of {@link Half}: `56` for `28`, `'2*C'` for `'C'`, `'H'` for `'H/2'`. */
export type Double<D extends Dim> =
  IsWide<D> extends true ? Dim : D extends number ? Sum<D, D> : D extends string ? DoubleOf<D> : never;

/** The sum of two extents: `96` for `32` and `64`, `'C+D'` for `'C'` and `'D'` in either order, `'C+1'`. */
export type Add<A extends Dim, B extends Dim> =
  IsWide<A> extends true
    ? Dim
    : IsWide<B> extends true
      ? Dim
      : A extends number
        ? B extends number
          ? Sum<A, B>
          : SymbolPlus<B & string, A>
        : B extends number
          ? SymbolPlus<A & string, B>
          : SumOf<A & string, B & string>;

/** The extent that a word of a spec stands for: `28` for `'28'`, `'C+D'` for `'D+C'`, else the word. */
export type DimOf<W extends string> = W extends `${infer N extends number}`
  ? N
  : W extends `${infer A}+${infer B}`
    ? A extends Nested
      ? W
      : B extends Nested
        ? W
        : Add<DimOf<A> & Dim, DimOf<B> & Dim>
    : W;

// Symbols

type Nested = Compound | `${string}(${string}`;
type Operator = '+' | '*' | '/';
export type Compound = `${string}${Operator}${string}`;

/** An operand of `*` and `/`: a compound goes into parentheses. */
export type Factor<D extends string> = D extends Compound ? `(${D})` : D;
/** An operand of `+`: only another sum needs parentheses. */
type Term<D extends string> = D extends `${string}+${string}` ? `(${D})` : D;

/** `X` as the operand that {@link Factor} made it from; `never` where it is not one operand, like `(A)+(B)`. */
export type Operand<X extends string> = X extends `(${infer Y})`
  ? Y extends `${string})${string}`
    ? Balanced<Y> extends true
      ? Y
      : never
    : Y
  : X extends Compound
    ? never
    : X;

/** Whether no `)` comes before its `(`. */
type Balanced<X extends string, Open extends string = ''> = X extends `${infer C}${infer Rest}`
  ? C extends '('
    ? Balanced<Rest, `(${Open}`>
    : C extends ')'
      ? Open extends `(${infer Fewer}`
        ? Balanced<Rest, Fewer>
        : false
      : Balanced<Rest, Open>
  : true;

type HalfOf<D extends string> = D extends `2*${infer X}`
  ? [Operand<X>] extends [never]
    ? `(${D})/2`
    : Operand<X>
  : `${Factor<D>}/2`;

type DoubleOf<D extends string> = D extends `${infer X}/2`
  ? [Operand<X>] extends [never]
    ? `2*(${D})`
    : Operand<X>
  : `2*${Factor<D>}`;

type SymbolPlus<A extends string, N extends number> = N extends 0 ? A : `${Term<A>}+${N}`;

type SumOf<A extends string, B extends string> = A extends B
  ? DoubleOf<A>
  : Before<A, B> extends true
    ? `${Term<A>}+${Term<B>}`
    : `${Term<B>}+${Term<A>}`;

type Alphabet = ' .()*+/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';

/** The order of the terms of a sum. */
export type Before<A extends string, B extends string> = A extends `${infer X}${infer XS}`
  ? B extends `${infer Y}${infer YS}`
    ? X extends Y
      ? Before<XS, YS>
      : Alphabet extends `${string}${X}${string}${Y}${string}`
        ? true
        : false
    : false
  : true;

// Literals

type Digit = keyof Digits;
/** Each digit with its sums with 0 to 10: the last is 9 and a carry. */
interface Digits {
  '0': ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10'];
  '1': ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11'];
  '2': ['2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'];
  '3': ['3', '4', '5', '6', '7', '8', '9', '10', '11', '12', '13'];
  '4': ['4', '5', '6', '7', '8', '9', '10', '11', '12', '13', '14'];
  '5': ['5', '6', '7', '8', '9', '10', '11', '12', '13', '14', '15'];
  '6': ['6', '7', '8', '9', '10', '11', '12', '13', '14', '15', '16'];
  '7': ['7', '8', '9', '10', '11', '12', '13', '14', '15', '16', '17'];
  '8': ['8', '9', '10', '11', '12', '13', '14', '15', '16', '17', '18'];
  '9': ['9', '10', '11', '12', '13', '14', '15', '16', '17', '18', '19'];
}
type Carry = '' | '1';
type DigitSum<A extends Digit, B extends Digit, C extends Carry> = C extends '1'
  ? Digits[A][Digits['1'][B] & keyof Digits[A]]
  : Digits[A][B];

type Reversed<S extends string, Out extends string = ''> = S extends `${infer D}${infer Rest}`
  ? Reversed<Rest, `${D}${Out}`>
  : Out;

type NumberOf<S extends string> = S extends `${infer N extends number}` ? N : never;

type Sum<A extends number, B extends number> = NumberOf<SumDigits<Reversed<`${A}`>, Reversed<`${B}`>>>;

/** Long addition; the last digit comes first, and a number that has ended goes on with zeros. */
type SumDigits<
  A extends string,
  B extends string,
  C extends Carry = '',
  Out extends string = '',
> = `${A}${B}${C}` extends ''
  ? Out
  : FirstDigit<A> extends [infer X extends Digit, infer XS extends string]
    ? FirstDigit<B> extends [infer Y extends Digit, infer YS extends string]
      ? DigitSum<X, Y, C> extends `1${infer D extends Digit}`
        ? SumDigits<XS, YS, '1', `${D}${Out}`>
        : SumDigits<XS, YS, '', `${DigitSum<X, Y, C> & string}${Out}`>
      : never
    : never;

type FirstDigit<A extends string> = A extends `${infer D extends Digit}${infer Rest}` ? [D, Rest] : ['0', ''];

/** Half of a digit, after a carry from the digit before it. */
interface Halves {
  '0': '0'; '1': '0'; '2': '1'; '3': '1'; '4': '2'; '5': '2'; '6': '3'; '7': '3'; '8': '4'; '9': '4';
  '10': '5'; '11': '5'; '12': '6'; '13': '6'; '14': '7'; '15': '7'; '16': '8'; '17': '8'; '18': '9'; '19': '9';
} // prettier-ignore

/** Long division by two; the first digit comes first. */
type HalfDigits<
  A extends string,
  N extends number,
  C extends Carry = '',
  Out extends string = '',
> = A extends `${infer D extends Digit}${infer Rest}`
  ? HalfDigits<Rest, N, D extends '1' | '3' | '5' | '7' | '9' ? '1' : '', `${Out}${Halves[`${C}${D}`]}`>
  : C extends '1'
    ? `${N} is odd: it has no half`
    : NumberOf<Out extends `0${infer Rest}` ? (Rest extends '' ? Out : Rest) : Out>;

// Checks

/** True for a union of extents, such as `64 | 128`. */
export type IsUnion<D, Whole = D> = D extends unknown ? ([Whole] extends [D] ? false : true) : never;

/**
 * `D`, or a message where it cannot be one extent: a union written by hand, a word or a pattern of words that is none, a
 * negative or fractional literal, or one that JavaScript does not write out. `any` is refused without one.
 */
export type Extent<D> = 0 extends 1 & D
  ? never // `any` fits every type but this
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
            : [BadWord<[D & string]>] extends [never]
              ? D
              : BadWord<[D & string]>;

/** Each extent of a shape checked by {@link Extent}: the parameter type of what makes tensors. */
export type Extents<S> = { [I in keyof S]: Extent<S[I]> };

/** An extent that may be known only at run time: `number` is `Dim`, and so is a branded one, which says no number. */
export type Wide<D> =
  IsWide<D> extends true ? Dim : D extends number ? ({} extends Record<`${D}`, 1> ? Dim : D) : D;

/** The shape of numbers known only at run time: `number` is `Dim`. */
export type Widened<S> = { -readonly [I in keyof S]: Wide<S[I]> };
