/**
 * Type tests. Two versions of TypeScript compile the files of this folder; they never run. A line after
 * `@ts-expect-error` must not compile, and the comment contains words of its message, which `messages.test.ts` checks.
 */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only if the value has exactly the type `Expected`, neither wider nor narrower. */
export declare const expectType: <Expected>() => <Actual>(
  value: Equal<Expected, Actual> extends true ? Actual : { readonly expected: Expected },
) => void;
