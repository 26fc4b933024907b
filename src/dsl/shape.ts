/**
 * What operations do to shapes, in types: the counterpart of the checks in `primitives/movement.ts`. An axis
 * may count from the end. Where an axis is not a literal, or a shape has no known rank, the result is wide;
 * where an axis does not exist, a message takes the place of the shape, which fits nothing.
 */
import type { Dim, Shape } from './tensor.js';

/** The axes counted from the end, by rank. */
interface FromEnd {
  '1,-1': 0;
  '2,-1': 1; '2,-2': 0;
  '3,-1': 2; '3,-2': 1; '3,-3': 0;
  '4,-1': 3; '4,-2': 2; '4,-3': 1; '4,-4': 0;
  '5,-1': 4; '5,-2': 3; '5,-3': 2; '5,-4': 1; '5,-5': 0;
} // prettier-ignore

type NoAxis<S extends Shape, A> = `no axis ${A & number} in a shape of rank ${S['length']}`;

/** The axis counted from the front; `never` where there is none. */
export type AxisOf<S extends Shape, A extends number> = `${A}` extends keyof S
  ? A
  : `${S['length']},${A}` extends infer K extends keyof FromEnd
    ? FromEnd[K]
    : never;

/** Those of the axes that the shape does not have. */
type Missing<S extends Shape, A extends readonly number[]> = {
  [I in keyof A]: [AxisOf<S, A[I]>] extends [never] ? A[I] : never;
}[number];

type Keep<S extends Shape, A extends number, Seen extends readonly 0[] = []> = S extends readonly [
  infer D extends Dim,
  ...infer Rest extends Shape,
]
  ? Seen['length'] extends A
    ? Keep<Rest, A, [...Seen, 0]>
    : [D, ...Keep<Rest, A, [...Seen, 0]>]
  : [];

/** A shape without some of its axes: `['B', 64]` is `['B', 28, 28, 64]` without 1 and 2. */
export type Without<S extends Shape, A extends readonly number[]> = number extends S['length'] | A[number]
  ? Shape
  : [Missing<S, A>] extends [never]
    ? Keep<S, { [I in keyof A]: AxisOf<S, A[I]> }[number]>
    : [NoAxis<S, Missing<S, A>>];

/** A shape with another extent on one axis. */
export type Replace<S extends Shape, A extends number, D extends Dim> = number extends S['length']
  ? Shape
  : number extends A
    ? { [I in keyof S]: Dim }
    : [AxisOf<S, A>] extends [never]
      ? [NoAxis<S, A>]
      : { [I in keyof S]: I extends `${AxisOf<S, A>}` ? D : S[I] };

/** The extent of one axis. */
export type ExtentAt<S extends Shape, A extends number> = number extends S['length'] | A
  ? Dim
  : [AxisOf<S, A>] extends [never]
    ? NoAxis<S, A>
    : S[AxisOf<S, A> & keyof S] & Dim;

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
  : [AxisOf<[D, ...S], A>] extends [never]
    ? [NoAxis<[D, ...S], A>]
    : PutAt<S, AxisOf<[D, ...S], A>, D>;

/** A shape with its axes in another order. */
export type Permuted<S extends Shape, P extends readonly number[]> = number extends S['length'] | P[number]
  ? Shape
  : [Missing<S, P>] extends [never]
    ? { -readonly [I in keyof P]: S[AxisOf<S, P[I]> & keyof S] }
    : [NoAxis<S, Missing<S, P>>];
