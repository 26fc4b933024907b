/**
 * Messages for two tensors whose shapes differ. `X` and `Y` describe the two tensors in words, because a message cannot
 * know the names of variables.
 */
import type { Dim, IsWide, Shape, Shown } from './dim.js';

/**
 * A message that names the last axis on which a tensor of shape `T` differs from one of shape `S`, or says how to
 * broadcast it. It starts at the last axis, because the first axis, the batch, is often a type parameter, which the
 * compiler cannot compare.
 */
export type ShapeMismatch<
  S extends Shape,
  T extends Shape,
  X extends string = 'the first operand',
  Y extends string = 'the second operand',
> = number extends S['length'] | T['length']
  ? `${Y} must be a tensor in the shape of ${X}; if its rank is unknown, use ascribeLike`
  : S['length'] extends T['length']
    ? AxisMismatch<S, T, X, Y>
    : `${Y} is ${Shown<T>}, but ${X} is ${Shown<S>}: broadcastTo repeats axes`;

type AxisMismatch<S extends Shape, T extends Shape, X extends string, Y extends string> = [S, T] extends [
  readonly [...infer Rest extends Shape, infer D],
  readonly [...infer More extends Shape, infer E],
]
  ? [E] extends [D]
    ? AxisMismatch<Rest, More, X, Y>
    : IsWide<E> extends true
      ? `axis ${Rest['length']} is ${D & Dim} in ${X}, but known only at run time in ${Y}: use ascribe`
      : `axis ${Rest['length']} is ${D & Dim} in ${X}, but ${E & Dim} in ${Y}`
  : never;

/**
 * A message for an extent `E` of `Y` in place of `D`, an extent of `X`: `axis 0 of the second operand must be 64, the
 * channels of the first; it is 32`.
 */
export type ExtentMismatch<
  D extends Dim,
  E extends Dim,
  Y extends string,
  X extends string,
> = `${Y} must be ${D}, ${X}; ${IsWide<E> extends true ? 'it is known only at run time, or the rank is another' : `it is ${E}`}`;
