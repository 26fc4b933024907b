/** Tests of types: `any`, and unions. */

/** True for `any`, which is assignable to every type except `never`. */
export type IsAny<T> = 0 extends 1 & T ? true : false;

/** `T`, or `never` if `T` is `any`: an argument of type `any` does not fit `never`. */
export type NotAny<T> = 0 extends 1 & T ? never : T;

/** True for a union, such as `64 | 128`. */
export type IsUnion<U, Whole = U> = U extends unknown ? ([Whole] extends [U] ? false : true) : never;

/**
 * The last member of a union. The members become overloads of a function, and TypeScript infers from the last overload.
 */
export type LastOf<U> = (U extends unknown ? (x: () => U) => void : never) extends (x: infer F) => void
  ? F extends () => infer Last
    ? Last
    : never
  : never;
