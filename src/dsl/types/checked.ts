/**
 * Checks of arguments in types. If an argument does not fit the others, the type of its parameter is an error message,
 * which the compiler reports at this argument: "Argument of type '2' is not assignable to parameter of type '"no axis 2 in
 * a shape of rank 2"'".
 */
import type { Dim, IsWide, Shape } from './dim.js';

/**
 * `T`, or the message in its place; `Message` is `never` if all is well. `Of` is the shape or the extent that the message
 * depends on, and `Also` another one. Inside a generic function that does not know them, the parameter takes a `T`, and the
 * trace checks it.
 */
export type Checked<T, Of, Message, Also = never> = [Message] extends [never]
  ? T
  : Late<Of, Message> | Late<Also, Message>;

/**
 * The message; `unknown` for a shape of unknown rank and for a wide extent. In a generic function {@link Checked} is not
 * resolved, and an argument must fit both of its branches. This one is a member of a type that depends on `Of`, so that the
 * compiler relates the argument to the member for the constraint of the type parameter, which is `unknown`.
 */
type Late<Of, Message> = (Of extends unknown
  ? { readonly message: IsOpen<Of> extends true ? unknown : Message }
  : never)['message'];
/** True for a shape of unknown rank and for a wide extent. */
type IsOpen<Of> = Of extends Dim ? IsWide<Of> : number extends (Of & Shape)['length'] ? true : false;
