/**
 * Types of values in whose place a caller may give a result that holds the value, by mistake. The compiler compares a
 * result with the members of an intersection one after another, so that the error is a message, and not a list of the
 * fields that the result lacks:
 *
 *     const simpleLoss = <P, I extends Shape>(process: Itself<Process>, …) => …
 */

declare const state: unique symbol;

/** Work that has not started. */
export interface Work {
  /** Phantom: absent at run time. */
  readonly [state]: 'not started';
}

/** Refuses an `Either`. */
export interface NoEither {
  readonly _tag?: 'this is an Either: unwrap(…) gives its value';
}

/** Refuses an effect and a task. */
export interface NoWork {
  readonly [state]?: 'this work has not started: await nf.run(…) gives its value';
}

/** Refuses a promise. */
export interface NoPromise {
  readonly [Symbol.toStringTag]?: 'this is a promise: await gives its value';
}

/** Refuses all results that hold a value. */
interface NoResult extends NoEither, NoWork, NoPromise {}

/** The value itself, and no result that holds it. */
export type Itself<A> = NoResult & A;
