/**
 * Operators that take their operands in reading order and also work in `pipe`: `sub(x, y)` and `pipe(x, sub(y))` are
 * both x − y. The pipeable form takes everything except the first operand.
 */

type Arguments = readonly unknown[];

/** Whether a call has its first operand: by the number of arguments, or by what they are. */
export type DataFirst = number | ((args: Arguments) => boolean);

/** Gives a function a name: error messages show it where a function is passed as a tensor. */
const withName = <F extends object>(name: string, f: F): F =>
  Object.defineProperty(f, 'name', { value: name });

/**
 * Overloads that no call fits, put before the overloads of an operator: `OneError & { … }`. Of more than three overloads
 * TypeScript 6 reports only the last that fits the number of arguments, as TypeScript 7 always does; of fewer it reports
 * all. So a wrong call is one error, at the wrong argument, if the data-first form is the last. Operators whose forms differ
 * in the number of arguments do not need it; their pipeable form is the first, because the compiler takes the first form that
 * has enough parameters for the result of a wrong call: in a pipe that is a function, which gives no second error.
 */
export interface OneError {
  // equal overloads would be merged: their results differ
  (first: never, ...rest: never[]): never;
  (first: never, ...rest: never[]): undefined;
  (first: never, ...rest: never[]): void;
}

/**
 * Makes an operator of its data-first form. `dataFirst` is the number of arguments of that form, or a predicate where
 * some of them are optional. `F` is the type of both forms: its overloads say which shapes and dtypes go together.
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
