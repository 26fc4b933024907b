/**
 * Operators with a data-first and a pipeable form: `sub(x, y)` and `pipe(x, sub(y))` are both x − y. The pipeable form
 * takes all arguments except the first operand.
 */

type Arguments = readonly unknown[];

/** Tells the data-first form: the number of its arguments, or a predicate on the arguments. */
export type DataFirst = number | ((args: Arguments) => boolean);

/** Sets the name of a function, which error messages show if it is passed as a tensor. */
const withName = <F extends object>(name: string, f: F): F =>
  Object.defineProperty(f, 'name', { value: name });

/**
 * Overloads that no call matches, for use before the overloads of an operator: `OneError & { … }`. If there are more than
 * three overloads, TypeScript 6 reports only the last one with the right number of arguments, as TypeScript 7 always does;
 * otherwise it reports all. With `OneError` and the data-first form last, a wrong call gives one error, at the wrong
 * argument. Operators whose forms have different numbers of arguments do not need it.
 */
export interface OneError {
  // the results differ because equal overloads are merged
  (first: never, ...rest: never[]): never;
  (first: never, ...rest: never[]): undefined;
  (first: never, ...rest: never[]): void;
}

/**
 * Makes an operator from its data-first form. `dataFirst` is the number of arguments of that form, or a predicate if some
 * of them are optional. `F` is the type of both forms; its overloads relate the shapes and dtypes.
 *
 * @example
 * const minus: { (x: number, y: number): number; (y: number): (x: number) => number } =
 *   dual('minus', 2, (x: number, y: number) => x - y)
 * minus(5, 3) // → 2
 * pipe(5, minus(3)) // → 2
 */
export const dual = <F extends object>(
  name: string,
  dataFirst: DataFirst,
  body: (...args: never[]) => unknown,
): F => {
  const apply = body as (...args: Arguments) => unknown;
  const isDataFirst =
    typeof dataFirst === 'number' ? (args: Arguments) => args.length >= dataFirst : dataFirst;
  const operator = (...args: Arguments): unknown =>
    isDataFirst(args) ? apply(...args) : withName(`${name}(…)`, (x: unknown) => apply(x, ...args));
  return withName(name, operator) as unknown as F; // the overloads of F are the two forms of `body`
};
