/** Extents at given symbols, in types: `4` for `'H/2'` at `{ H: 8 }`. */
import type { Add, Compound, Dim, Double, Half, Operand, OrElse, Shape } from './dim.js';

/** A shape with its symbols bound; an extent that is not known is wide. */
export type Bound<S extends Shape, E> = {
  -readonly [I in keyof S]: S[I] extends keyof E
    ? Known<E[S[I]]>
    : S[I] extends number
      ? S[I]
      : S[I] extends Compound
        ? Evaluated<S[I], E>
        : Dim;
};

/** An extent that is bound to a symbol: a literal, or `Dim`. */
type Known<N> = number extends N ? Dim : N & Dim;

/**
 * The extent of an expression: `4` for `'H/2'` at `{ H: 8 }`, a message at `{ H: 7 }`. Products and nested sums are wide.
 */
export type Evaluated<D, E> = D extends keyof E
  ? Known<E[D]>
  : D extends `${infer N extends number}`
    ? N
    : D extends `${infer A}+${infer B}`
      ? A extends `${string}(${string}`
        ? Scaled<D, E>
        : Add<Evaluated<A, E>, Evaluated<OrElse<Operand<B>, B>, E>>
      : Scaled<D, E>;

/** The extent of a half or of a double. */
type Scaled<D, E> = D extends `${infer X}/2`
  ? Half<Evaluated<OrElse<Operand<X>, ''>, E>>
  : D extends `2*${infer X}`
    ? Double<Evaluated<OrElse<Operand<X>, ''>, E>>
    : Dim;
