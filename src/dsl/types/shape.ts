/**
 * Shapes of results in types. An axis may count from the end. The result is wide if an axis is not a literal or the rank
 * is unknown. If an axis does not exist, the argument has an error message as its type (`checked.ts`), and the shape is
 * `never`, so that the uses of the result are not errors too.
 */
import type { Checked } from './checked.js';
import type { IsUnion, NotAny } from '../../internal/typeKinds.js';
import type { Dim, Shape } from './dim.js';

/**
 * A shape that is not an inference site. `NoInfer<S>` would appear in each error message, and TypeScript 7 would report
 * differences between array methods.
 */
export type Fixed<S extends Shape> = { [I in keyof S]: NoInfer<S[I]> };

/** A type, or an error message in its place. The message may be a tuple, for a parameter that is a shape. */
export type OrMessage<T, Message> = [Message] extends [never] | [[never]] ? T : Message;

/** The position of axis −N, counted from the front. */
type FromEnd<S extends readonly unknown[], N extends number, Seen extends readonly 0[] = []> = Seen['length'] extends N
  ? S['length']
  : S extends readonly [...infer Before, unknown]
    ? FromEnd<Before, N, [...Seen, 0]>
    : never;

/** The position of an axis, counted from the front; `never` if it does not exist. */
export type AxisOf<S extends Shape, A extends number> = `${A}` extends keyof S
  ? A
  : `${A}` extends `-${infer N extends number}`
    ? FromEnd<S, N>
    : never;

/** An error message for an invalid axis; `never` if it exists, or if it is not known. */
export type Missing<S extends Shape, A extends number> = number extends S['length'] | A
  ? never
  : IsUnion<A> extends true
    ? 'an axis must not be a union'
    : [AxisOf<S, A>] extends [never]
      ? `no axis ${A} in a shape of rank ${S['length']}`
      : never;
/** An error message for each axis that does not exist; otherwise `never`. */
export type MissingOf<S extends Shape, A extends readonly number[]> = { [I in keyof A]: Missing<S, A[I]> }[number];

/** An axis of a shape, or an error message. */
export type AxisIn<S extends Shape, A extends number> = Checked<
  unknown extends A ? NotAny<A> : number,
  S,
  Missing<S, A>
>;
/** {@link AxisIn} for a list of axes. */
export type AxesIn<S extends Shape, A extends readonly number[]> = { readonly [I in keyof A]: AxisIn<S, A[I]> };
/** An argument that fits an axis, or an error message. */
export type AlongAxis<T, S extends Shape, A extends number, Message> = Checked<
  T,
  S,
  Missing<S, A> | Message,
  ExtentAt<S, A>
>;

type Keep<S extends Shape, A extends number, Seen extends readonly 0[] = []> = S extends readonly [
  infer D extends Dim,
  ...infer Rest extends Shape,
]
  ? Seen['length'] extends A
    ? Keep<Rest, A, [...Seen, 0]>
    : [D, ...Keep<Rest, A, [...Seen, 0]>]
  : [];

/** A shape without some of its axes: `['B', 64]` is `['B', 28, 28, 64]` without 1 and 2. */
export type Without<S extends Shape, A extends readonly number[]> = number extends S['length'] | A['length'] | A[number]
  ? Shape
  : S extends unknown // distributes over unions of shapes and of lists of axes
    ? A extends unknown
      ? [MissingOf<S, A>] extends [never]
        ? Keep<S, { [I in keyof A]: AxisOf<S, A[I]> }[number]>
        : never
      : never
    : never;

/** A shape with the extent `D` on axis `A`. */
export type Replace<S extends Shape, A extends number, D extends Dim> = number extends S['length']
  ? Shape
  : number extends A
    ? { [I in keyof S]: Dim }
    : [Missing<S, A>] extends [never]
      ? { [I in keyof S]: I extends `${AxisOf<S, A>}` ? D : S[I] }
      : never;

/** The extent of one axis; `never` if it does not exist. */
export type ExtentAt<S extends Shape, A extends number> = number extends S['length'] | A
  ? Dim
  : [Missing<S, A>] extends [never]
    ? S[AxisOf<S, A> & keyof S] & Dim
    : never;

type PutAt<S extends Shape, A extends number, D extends Dim, Seen extends readonly 0[] = []> = Seen['length'] extends A
  ? [D, ...S]
  : S extends readonly [infer First extends Dim, ...infer Rest extends Shape]
    ? [First, ...PutAt<Rest, A, D, [...Seen, 0]>]
    : never;

/** A shape with a new axis of extent `D`, which is axis `A` of the result. */
export type Insert<S extends Shape, A extends number, D extends Dim> = number extends S['length'] | A
  ? Shape
  : S extends unknown // distributes over unions of shapes
    ? PutAt<S, AxisOf<[D, ...S], A>, D>
    : never;

/** The positions of axes, as strings. */
type Axes<S extends Shape, P extends readonly number[]> = { [I in keyof P]: `${AxisOf<S, P[I]>}` }[number];

/** An error message unless `P` names each axis once; then `never`. */
export type NotPermutation<S extends Shape, P extends readonly number[]> = number extends S['length'] | P[number]
  ? never
  : [MissingOf<S, P>] extends [never]
    ? [P['length'], Exclude<keyof S & `${number}`, Axes<S, P>>] extends [S['length'], never]
      ? never
      : 'a permutation names each axis once'
    : MissingOf<S, P>;

/** A shape with its axes permuted. */
export type Permuted<S extends Shape, P extends readonly number[]> = number extends S['length'] | P[number]
  ? Shape
  : [NotPermutation<S, P>] extends [never]
    ? { -readonly [I in keyof P]: S[AxisOf<S, P[I]> & keyof S] }
    : never;
