/**
 * Sizes of convolutions and of pools by windows in types. Literals are computed; a symbol stays where the size is kept, and
 * is wide elsewhere, because it may be odd.
 */
import type { Difference, Floored, IsGreater } from '../../internal/digits.js';
import type { Add, Dim, Double, IsWide } from './dim.js';
import type { Product } from './product.js';

/** Makes an extent of a computation. `infer` keeps the compiler from looking for the constraint of each of its branches. */
type AsDim<D> = D extends infer E extends Dim ? E : never;

/** A height and a width. */
export type Pair = readonly [number, number];
/** `same` keeps the size at stride 1, `valid` does not pad; or the four counts, `[[top, bottom], [left, right]]`. */
export type GivenPadding = 'same' | 'valid' | readonly [Pair, Pair];

/** The pixels from the first to the last of a kernel of extent `K` with dilation `L`: L·(K − 1) + 1. */
type Reach<K extends Dim, L extends number> = AsDim<
  IsWide<K> extends true
    ? Dim
    : L extends 1
      ? K
      : K extends number
        ? Add<AsDim<Product<[L, Difference<K, 1>]>>, 1>
        : Dim
>;

/** The number of windows of `Size` pixels at a distance of `S` on `D` pixels with `P` more around: ⌊(D + P − Size)/S⌋ + 1. */
type Windows<D extends Dim, Size extends Dim, S extends number, P extends Dim> = true extends
  | IsWide<D>
  | IsWide<Size>
  | IsWide<P>
  ? Dim
  : [S, Add<P, 1>] extends [1, Size] // keeps the size, as padding often does
    ? D
    : [D, Size, P] extends [number, number, number]
      ? IsGreater<Size & number, Add<D, P> & number> extends true
        ? Dim // an error of the trace
        : Add<Floored<Difference<Add<D, P> & number, Size & number>, S>, 1>
      : Dim;

/** A multiple of a size; strides of 1 and 2, which are usual, are cheap for the compiler. */
type Multiple<D extends Dim, S extends number> = S extends 1 ? D : S extends 2 ? Double<D> : Product<[D, S]>;

/** The size with `same` padding: ⌈D/S⌉ = ⌊(D − 1)/S⌋ + 1. */
type SameSize<D extends Dim, S extends number> = S extends 1
  ? D
  : IsWide<D> extends true
    ? Dim
    : D extends 0
      ? 0
      : D extends number
        ? Add<Floored<Difference<D, 1>, S>, 1>
        : Dim;

/**
 * The height (`A` = 0) or the width (`A` = 1) of a convolution of `D` pixels with a kernel of extent `K`, by its strides,
 * padding and dilation.
 */
export type Convolved<
  D extends Dim,
  K extends Dim,
  S extends Pair,
  P extends GivenPadding,
  L extends Pair,
  A extends 0 | 1,
> = AsDim<
  number extends S[A]
    ? Dim
    : P extends 'same'
      ? SameSize<D, S[A]>
      : number extends L[A]
        ? Dim
        : P extends 'valid'
          ? Windows<D, Reach<K, L[A]>, S[A], 0>
          : P extends readonly [Pair, Pair]
            ? Windows<D, Reach<K, L[A]>, S[A], Add<P[A][0], P[A][1]>>
            : Dim
>;

/**
 * The height or the width of a transposed convolution with `O` extra pixels: D·S with `same` padding, without padding
 * (D − 1)·S + the reach of the kernel + O.
 */
export type Transposed<
  D extends Dim,
  K extends Dim,
  S extends Pair,
  P extends GivenPadding,
  L extends Pair,
  O extends Pair,
  A extends 0 | 1,
> = AsDim<
  number extends S[A]
    ? Dim
    : P extends 'same'
      ? Multiple<D, S[A]>
      : number extends L[A] | O[A]
        ? Dim
        : P extends 'valid'
          ? IsWide<D> extends true
            ? Dim
            : D extends number
              ? Add<AsDim<Add<AsDim<Product<[Difference<D, 1>, S[A]]>>, Reach<K, L[A]>>>, O[A]>
              : Dim
          : Dim
>;
