/** Messages for two tensors whose shapes differ. `X` and `Y` are the names of the parameters. */
import type { Dim, IsWide, Shape, Shown } from './dim.js';

/** A message that names the axes on which a tensor of shape `T` differs from one of shape `S`, or says how to broadcast it. */
export type ShapeMismatch<
  S extends Shape,
  T extends Shape,
  X extends string = 'x',
  Y extends string = 'y',
> = number extends S['length'] | T['length']
  ? `${Y} must have the shape of ${X}: ascribeLike checks it when the program is traced`
  : S['length'] extends T['length']
    ? { [I in keyof S]: AxisMismatch<S[I], T[I & keyof T], I, X, Y> }[number]
    : `${Y} is ${Shown<T>}, but ${X} is ${Shown<S>}: broadcastTo repeats axes`;

type AxisMismatch<D, E, I, X extends string, Y extends string> = [E] extends [D]
  ? never
  : IsWide<E> extends true
    ? `axis ${I & string} is ${D & Dim} in ${X}, but known only at run time in ${Y}: use ascribe`
    : `axis ${I & string} is ${D & Dim} in ${X}, but ${E & Dim} in ${Y}`;

/** A message for an extent `E` of `Y` in place of `D`, an extent of `X`: `axis 0 of w must be 64, the channels of x; it is 32`. */
export type ExtentMismatch<
  D extends Dim,
  E extends Dim,
  Y extends string,
  X extends string,
> = `${Y} must be ${D}, ${X}${IsWide<E> extends true ? '' : `; it is ${E}`}`;
