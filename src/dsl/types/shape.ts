/**
 * What operations do to shapes, in types: the counterpart of the checks in `primitives/movement.ts`. An axis
 * may count from the end. Where an axis is not a literal, or a shape has no known rank, the result is wide;
 * where an axis does not exist, a message takes the place of the shape, which fits nothing.
 */
import type { Dim, IsUnion, Shape } from './dim.js';

/**
 * A shape that nothing is inferred from. `NoInfer` around the whole of it would be in each message, and TypeScript 7 would
 * compare the methods of two arrays.
 */
export type Fixed<S extends Shape> = { [I in keyof S]: NoInfer<S[I]> };

/** The axis `N` from the end, which is how many axes are before it. */
type FromEnd<
  S extends readonly unknown[],
  N extends number,
  Seen extends readonly 0[] = [],
> = Seen['length'] extends N
  ? S['length']
  : S extends readonly [...infer Before, unknown]
    ? FromEnd<Before, N, [...Seen, 0]>
    : never;

/** The axis counted from the front; `never` where there is none. */
export type AxisOf<S extends Shape, A extends number> = `${A}` extends keyof S
  ? A
  : `${A}` extends `-${infer N extends number}`
    ? FromEnd<S, N>
    : never;

/** What is wrong with an axis of a shape; `never` where nothing is. */
type NoAxis<S extends Shape, A extends number> =
  IsUnion<A> extends true
    ? 'an axis must not be a union'
    : [AxisOf<S, A>] extends [never]
      ? `no axis ${A} in a shape of rank ${S['length']}`
      : never;

/** What is wrong with axes of a shape; `never` where nothing is. */
type NoAxes<S extends Shape, A extends readonly number[]> = { [I in keyof A]: NoAxis<S, A[I]> }[number];

/** A shape that has the axes, as it is. */
export type Having<S extends Shape, A extends readonly number[]> = number extends S['length'] | A[number]
  ? S
  : [NoAxes<S, A>] extends [never]
    ? S
    : [NoAxes<S, A>];

type Keep<S extends Shape, A extends number, Seen extends readonly 0[] = []> = S extends readonly [
  infer D extends Dim,
  ...infer Rest extends Shape,
]
  ? Seen['length'] extends A
    ? Keep<Rest, A, [...Seen, 0]>
    : [D, ...Keep<Rest, A, [...Seen, 0]>]
  : [];

/** A shape without some of its axes: `['B', 64]` is `['B', 28, 28, 64]` without 1 and 2. */
export type Without<S extends Shape, A extends readonly number[]> = number extends
  S['length'] | A['length'] | A[number]
  ? Shape
  : S extends unknown // each of several shapes, and of several lists of axes, by itself
    ? A extends unknown
      ? [NoAxes<S, A>] extends [never]
        ? Keep<S, { [I in keyof A]: AxisOf<S, A[I]> }[number]>
        : [NoAxes<S, A>]
      : never
    : never;

/** A shape with another extent on one axis. */
export type Replace<S extends Shape, A extends number, D extends Dim> = number extends S['length']
  ? Shape
  : number extends A
    ? { [I in keyof S]: Dim }
    : [NoAxis<S, A>] extends [never]
      ? { [I in keyof S]: I extends `${AxisOf<S, A>}` ? D : S[I] }
      : [NoAxis<S, A>];

/** The extent of one axis. */
export type ExtentAt<S extends Shape, A extends number> = number extends S['length'] | A
  ? Dim
  : [NoAxis<S, A>] extends [never]
    ? S[AxisOf<S, A> & keyof S] & Dim
    : NoAxis<S, A>;

type PutAt<
  S extends Shape,
  A extends number,
  D extends Dim,
  Seen extends readonly 0[] = [],
> = Seen['length'] extends A
  ? [D, ...S]
  : S extends readonly [infer First extends Dim, ...infer Rest extends Shape]
    ? [First, ...PutAt<Rest, A, D, [...Seen, 0]>]
    : never;

/** A shape with a new axis of extent `D`, which is axis `A` of the result. */
export type Insert<S extends Shape, A extends number, D extends Dim> = number extends S['length'] | A
  ? Shape
  : S extends unknown // each of several shapes by itself
    ? [NoAxis<[D, ...S], A>] extends [never]
      ? PutAt<S, AxisOf<[D, ...S], A>, D>
      : [NoAxis<[D, ...S], A>]
    : never;

/** The axes counted from the front, as they are written. */
type Axes<S extends Shape, P extends readonly number[]> = { [I in keyof P]: `${AxisOf<S, P[I]>}` }[number];

/** The shape if `P` names each of its axes once, else a message. */
type OfEach<S extends Shape, P extends readonly number[]> = P['length'] extends S['length']
  ? [Exclude<keyof S & `${number}`, Axes<S, P>>] extends [never]
    ? { -readonly [I in keyof P]: S[AxisOf<S, P[I]> & keyof S] }
    : ['a permutation names each axis once']
  : ['a permutation names each axis once'];

/** A shape with its axes in another order. */
export type Permuted<S extends Shape, P extends readonly number[]> = number extends S['length'] | P[number]
  ? Shape
  : [NoAxes<S, P>] extends [never]
    ? OfEach<S, P>
    : [NoAxes<S, P>];
