/**
 * Checks of arguments in types. If an argument does not fit the others, the type of its parameter is an error message,
 * which the compiler reports at this argument: "Argument of type '2' is not assignable to parameter of type '"no axis 2 in
 * a shape of rank 2"'".
 */
import type { Divided } from '../../internal/digits.js';
import type { NotAny } from '../../internal/typeKinds.js';
import type { Dim, Half, IsWide, Shape } from './dim.js';

/**
 * `T`, or an error message in its place. `Message` is `never` if the argument is right. The message depends on the
 * shapes or extents `Of` and `Also`. Inside a generic function that does not know them, the parameter has the type `T`,
 * and the trace checks the argument.
 */
export type Checked<T, Of, Message, Also = never> = [Message] extends [never]
  ? T
  : Late<Of, Message, T> | Late<Also, Message, T>;

/**
 * The message; `T` for a shape of unknown rank and for a wide extent. In a generic function, such as
 * `<S extends Shape>(x: Tensor<S>) => sum(x, 2)`, the compiler cannot resolve {@link Checked}, and 2 must fit both of its
 * branches. This branch is a member of a type that depends on `Of`, so that the compiler relates 2 to the member for `Shape`,
 * the constraint of `S`, which is `T` (`properties/types/generics.ts`).
 */
export type Late<Of, Message, T> = (Of extends unknown
  ? { readonly message: IsOpen<Of> extends true ? T : Message }
  : never)['message'];
/** True for a shape of unknown rank and for a wide extent. */
type IsOpen<Of> = Of extends Dim ? IsWide<Of> : number extends (Of & Shape)['length'] ? true : false;

/**
 * {@link Checked} for a message that depends on several extents. While a type parameter leaves open whether there is a
 * message, the condition has the constraint `Dim`, a wide extent, so the parameter has the type `T`.
 */
export type IfDecided<T, Message> = Checked<T, [Message] extends [never] ? Dim : 0, Message>;

/**
 * {@link Checked} for a number `N` that is inferred from a field of options. `N` is an inference site in a branch that is
 * never taken: in a generic function, the compiler takes a number for the field.
 */
export type CheckedField<N extends number, Of, Message> = Checked<unknown extends N ? NotAny<N> : number, Of, Message>;

/** A message if a literal is odd; otherwise `never`. `Name` is the name of the quantity: `'height'`. */
export type Odd<D, Name extends string> =
  IsWide<D> extends true
    ? never
    : D extends number
      ? Half<D> extends string
        ? `the ${Name} is ${D}, which is odd`
        : never
      : never;

/** A message if a literal is not a multiple of another; otherwise `never`. */
export type NotMultiple<D, N, Name extends string, Unit extends string> =
  IsWide<N> extends true
    ? never
    : IsWide<D> extends true
      ? never
      : [D, N] extends [number, number]
        ? Divided<D & number, N & number> extends string
          ? `${D & number} ${Name} cannot be divided by ${N & number}${Unit}`
          : never
        : never;

/**
 * `T` if the extent `K` fits where `C` is expected, otherwise a message. Inside a generic function it must be the same type
 * parameter.
 */
export type Fits<K, C, T, Message> = IsWide<C> extends true ? T : [K] extends [C] ? T : Message;
