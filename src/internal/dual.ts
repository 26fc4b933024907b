/**
 * The call forms of operations. An operation on one tensor with settings, such as a kernel or axes, has a data-first and a
 * pipeable form: `conv2d(x, kernel)` and `pipe(x, conv2d(kernel))`. The pipeable form takes all arguments except the first
 * operand. An operation whose operands are all tensors, such as `sub(x, y)`, has the data-first form only.
 */
import { raise } from './errors.js';

type Arguments = readonly unknown[];

type IsDataFirst = (args: Arguments) => boolean;
/**
 * Identifies the data-first form, by the number of its arguments, or by a predicate and the greatest number of its
 * arguments.
 */
export type DataFirst = number | IsDataFirst | readonly [IsDataFirst, most: number];

/** Both forms of an operator on an `X` with the other arguments `A`, without type inference. */
export type BothForms<X, A extends readonly unknown[], R> = ((x: X, ...rest: A) => R) & ((...rest: A) => (x: X) => R);

/** A pipeable form: a function that stores its arguments. */
interface Applied {
  readonly applied: Readonly<Record<string, Arguments>>;
}

/** The operator of a pipeable form and its arguments, `{ clipByGlobalNorm: [1] }`; undefined for other functions. */
export const appliedTo = (f: object): Applied['applied'] | undefined =>
  'applied' in f ? (f as Applied).applied : undefined;

/** Names a function. Error messages show the name, and snapshots identify functions by it. */
export const withName = <F extends object>(name: string, f: F): F => Object.defineProperty(f, 'name', { value: name });

/**
 * Overloads that no call matches, because they require a `this`. `Args` are the arguments of the data-first form, which
 * an editor shows while a call is written. With these overloads a wrong call gives a single error, at the wrong
 * argument, because of two rules of the compilers:
 *
 * 1. Of the overloads that have the right number of arguments, TypeScript 6 reports the last if there is one or more
 *    than three, and otherwise all; TypeScript 7 reports the last. So the data-first form comes last, and these
 *    overloads are put before it if forms have the same number of arguments: {@link DualByKind}.
 * 2. The result of a wrong call is that of the first overload with enough parameters. In a pipe it must be a function
 *    or `never`, otherwise a tensor of the right shape, so that the following calls are not errors. So the pipeable
 *    form comes first if it has fewer parameters, and these overloads have no more parameters than they need.
 */
export interface OneError<Args extends readonly unknown[]> {
  // the result types differ because TypeScript merges equal overloads
  (this: never, ...args: Args): never;
  (this: never, ...args: Args): undefined;
  (this: never, ...args: Args): void;
}

/** Both forms of an operator, the data-first form `F` and the pipeable form `P`, in the order of the second rule above. */
export type Dual<F, P> = P & F;

/** Both forms, if they have the same number of arguments and differ by the kind of the first one: see the first rule above. */
export type DualByKind<Args extends readonly unknown[], F, P> = OneError<Args> & Dual<F, P>;

/** Tests for the arguments that `map` passes: an element, its index, and the list. */
const areOfMap = ([x, i, list]: Arguments): boolean => Array.isArray(list) && typeof i === 'number' && list[i] === x;

/** Tests for the arguments that `reduce` passes: a result, an element, its index, and the list. */
const areOfReduce = ([, ...args]: Arguments): boolean => areOfMap(args);

const refuseSurplus = (name: string, args: Arguments, most: number): never =>
  raise('ConfigError', {
    where: name,
    expected: `at most ${most} argument${most === 1 ? '' : 's'}`,
    actual: `${args.length}`,
    hint: areOfMap(args)
      ? `in map write (x) => ${name}(x)`
      : areOfReduce(args)
        ? `in reduce write (x, y) => ${name}(x, y)`
        : 'leave out the others',
  });

/**
 * Makes an operation with a data-first form only, of `count` arguments. A call with fewer or more raises `ConfigError`.
 * @example
 * const minus = dataFirst('minus', 2, (x: number, y: number) => x - y)
 * minus(5, 3) // → 2
 */
/* @__NO_SIDE_EFFECTS__ */
export const dataFirst = <F extends object>(name: string, count: number, body: (...args: never[]) => unknown): F => {
  const apply = body as (...args: Arguments) => unknown;
  const operation = (...args: Arguments): unknown => {
    if (args.length > count) return refuseSurplus(name, args, count);
    if (args.length < count)
      return raise('ConfigError', {
        where: name,
        expected: `${count} arguments`,
        actual: `${args.length}`,
        hint: `give all operands at once; in a pipe write (x) => ${name}(x, …)`,
      });
    return apply(...args);
  };
  return Object.defineProperty<object>(withName(name, operation), 'length', { value: count }) as F; // `F` is the type of `body`
};

/** Detects the data-first form of an operator whose pipeable form begins with a string. */
export const startsWithOperand = ([x]: Arguments): boolean => typeof x !== 'string';

/**
 * Makes an operator of two forms from its data-first form. `whole` is the number of arguments of that form; if some are
 * optional, a predicate on the arguments and their greatest number. A call with more raises `ConfigError`. `F` is the type
 * of both forms; its overloads relate the shapes and dtypes.
 * @example
 * const scaled: { (x: number, factor: number): number; (factor: number): (x: number) => number } =
 *   dual('scaled', 2, (x: number, factor: number) => x * factor)
 * scaled(5, 3) // → 15
 * pipe(5, scaled(3)) // → 15
 */
/* @__NO_SIDE_EFFECTS__ */
export const dual = <F extends object>(name: string, whole: DataFirst, body: (...args: never[]) => unknown): F => {
  const apply = body as (...args: Arguments) => unknown;
  const [isDataFirst, most]: readonly [IsDataFirst, number] =
    typeof whole === 'number'
      ? [(args) => args.length >= whole, whole]
      : typeof whole === 'function'
        ? [whole, Infinity]
        : whole;
  const operator = (...args: Arguments): unknown => {
    const isWhole = isDataFirst(args);
    const limit = isWhole ? most : most - 1;
    if (args.length > limit) return refuseSurplus(name, args, limit);
    if (isWhole) return apply(...args);
    const pipeable: Applied = Object.assign((x: unknown) => apply(x, ...args), { applied: { [name]: args } });
    return withName(`${name}(…)`, pipeable);
  };
  return withName<object>(name, operator) as F; // the overloads of F are the two forms of `body`
};
