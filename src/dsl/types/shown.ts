/** Shapes in messages of the compiler. */
import type { Dim, IsWide, Shape } from './dim.js';

/** A shape in a compiler error: `[B, 28, Dim]`. */
export type Shown<S extends Shape, Text extends string = ''> = S extends readonly [
  infer D extends Dim,
  ...infer Rest extends Shape,
]
  ? Shown<Rest, `${Text}${Text extends '' ? '' : ', '}${IsWide<D> extends true ? 'Dim' : D}`>
  : `[${Text}]`;
