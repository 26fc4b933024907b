/**
 * Checks of arguments in types. If an argument does not fit the others, the type of its parameter is an error message,
 * which the compiler reports at this argument: "Argument of type '2' is not assignable to parameter of type '"no axis 2 in
 * a shape of rank 2"'".
 */
import type { Dim, IsWide, Shape } from './dim.js';

/**
 * `T`, or the message in its place. `Message` is `never` if all is well. Inside a generic function that does not know the
 * rank of `S`, the parameter takes a `T`: the trace checks it.
 */
export type Checked<T, S extends Shape, Message> = [Message] extends [never] ? T : LateOfShape<S, Message>;

/** {@link Checked} for a message that depends on one extent, which a generic function does not know. */
export type CheckedDim<T, D extends Dim, Message> = [Message] extends [never] ? T : LateOfDim<D, Message>;

// In a generic function the conditional types above are not resolved, and an argument must fit both branches. The second
// one is a member of a type that depends on S or D. The compiler relates an argument to the member for the constraint of S or
// D, which is `unknown`. The message is part of a conditional type too, so that it is resolved as late.

/** The message; `unknown` for a shape of unknown rank. */
type LateOfShape<S extends Shape, Message> = (
  S extends unknown ? { readonly message: number extends S['length'] ? unknown : Message } : never
)['message'];

/** The message; `unknown` for a wide extent. */
type LateOfDim<D extends Dim, Message> = (
  D extends unknown ? { readonly message: IsWide<D> extends true ? unknown : Message } : never
)['message'];

/** A word for each axis of an image `[B, H, W, C]`. */
export type DimText<D extends Dim> = IsWide<D> extends true ? 'known only at run time' : `${D}`;
