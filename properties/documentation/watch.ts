/** Calls of exported functions with wrong kinds of arguments, in place of those of their examples. */
import { reference } from '../../src/backends/reference/index.js';
import { asWork, isWork, show } from '../../src/internal/decode.js';
import { isEither } from '../../src/internal/either.js';
import { errorIn, isError, type NoisefoldError } from '../../src/internal/errors.js';
import { E } from '../../src/internal/fp.js';

/** The outcome of a call with a wrong argument. `later` means a function, which waits for an operand or a call. */
export type Outcome = 'error' | 'raw' | 'success' | 'later';

export interface WrongCall {
  readonly name: string;
  /** The position of the wrong argument. */
  readonly position: number;
  readonly kind: string;
  readonly outcome: Outcome;
  readonly text: string;
}

/** The outcome of each wrong call so far. */
const works = new Map<object, Promise<WrongCall>>();

/** A promise of a value. One of work that has not run rejects, and nobody may wait for it. */
const promiseOf = (value: unknown): Promise<unknown> => {
  const promise = Promise.resolve(value);
  promise.catch(() => undefined);
  return promise;
};

/** Values of a wrong kind in place of an argument. */
export const wrongFor = (argument: unknown): readonly (readonly [kind: string, value: unknown])[] =>
  [
    ['an Either', E.right(argument)],
    ['an effect', asWork(() => async () => E.right(argument))],
    ['a promise', promiseOf(argument)],
    ...(typeof argument === 'string' ? [] : [['a string', 'wrong']]),
    ['undefined', undefined],
    ['null', null],
    typeof argument === 'number' ? ['a number as text', `${argument}`] : ['a number', 3],
    ...(Array.isArray(argument) && typeof argument[0] === 'number'
      ? [['an array of texts', argument.map(String)]]
      : []),
    ...(typeof argument === 'function' ? [] : [['a function that was not called', () => argument]]),
    ...(Array.isArray(argument) ? [['an array of another length', argument.slice(1)]] : [['an array', []]]),
  ] as const as readonly (readonly [string, unknown])[];

/** An exception of the runtime, also one that the message of an error quotes. */
export const EXCEPTION =
  /\b(?:Type|Range|Reference|Syntax)Error: |Cannot read properties|is not a function|is not iterable/;

const ofError = ({ message }: NoisefoldError): readonly [Outcome, string] => [
  EXCEPTION.test(message) ? 'raw' : 'error',
  message,
];

const ofThrown = (thrown: unknown): readonly [Outcome, string] => {
  const error = errorIn(thrown);
  return error === null ? ['raw', String(thrown)] : ofError(error);
};

const ofResult = async (result: unknown, argument: unknown): Promise<readonly [Outcome, string]> => {
  try {
    if (isWork(result)) {
      const acquired = await reference()();
      if (E.isLeft(acquired)) return ['raw', acquired.left.message];
      const output: unknown = (result as (backend: unknown) => unknown)(acquired.right);
      const done = await ofResult(typeof output === 'function' ? (output as () => unknown)() : await output, argument);
      await acquired.right.close();
      return done;
    }
    if (result instanceof Promise) return await ofResult(await result, argument);
    if (isEither(result)) {
      const { _tag, left } = result as { readonly _tag: string; readonly left: unknown };
      if (_tag === 'Right') return ['success', 'a Right'];
      if (left === argument) return ['success', 'a Left of the argument'];
      return isError(left) ? ofError(left) : ['raw', `a Left of ${show(left)}`];
    }
    if (isError(result)) return ofError(result);
    return typeof result === 'function' ? ['later', result.name] : ['success', show(result)];
  } catch (thrown) {
    return ofThrown(thrown);
  }
};

const outcomeOf = (call: () => unknown, argument: unknown): Promise<readonly [Outcome, string]> => {
  try {
    return ofResult(call(), argument); // the call itself is now, while a program may be traced
  } catch (thrown) {
    return Promise.resolve(ofThrown(thrown));
  }
};

/** A call with a wrong argument that returned a function, which waits for the other arguments of the example. */
interface Waiting {
  readonly about: Pick<WrongCall, 'name' | 'position' | 'kind'>;
  readonly value: unknown;
  readonly call: (...args: readonly unknown[]) => unknown;
}

const isFunction = (x: unknown): x is Waiting['call'] => typeof x === 'function' && !isWork(x);

/** Makes calls and records their outcomes; returns those that wait. */
const made = (calls: readonly Waiting[], args: readonly unknown[]): readonly Waiting[] =>
  calls.flatMap(({ about, value, call }) => {
    let output: unknown;
    const outcome = outcomeOf(() => (output = call(...args)), value);
    works.set(
      about,
      outcome.then(([what, text]) => ({ ...about, outcome: what, text })),
    );
    return isFunction(output) ? [{ about, value, call: output }] : [];
  });

/**
 * The function; its first call is repeated with each wrong kind of argument in each position, before it runs. If it returns a
 * function, the functions that the wrong calls return are called as the example calls this one.
 * @public generated modules import it
 */
export const watched = <F>(name: string, f: F, waiting: readonly Waiting[] | null = null): F => {
  if (!isFunction(f)) return f;
  let isFirst = true;
  return new Proxy(f, {
    apply: (target, self, args: unknown[]) => {
      if (!isFirst) return Reflect.apply(target, self, args);
      isFirst = false;
      const wrong = args.flatMap((argument, position) =>
        wrongFor(argument).map(([kind, value]): Waiting => ({
          about: { name, position, kind },
          value,
          call: () => Reflect.apply(target, self, args.with(position, value)),
        })),
      );
      const later = made(waiting ?? wrong, args);
      const result = Reflect.apply(target, self, args);
      return watched(name, result, later);
    },
  });
};

/** All wrong calls so far, when they are done. */
export const wrongCalls = (): Promise<readonly WrongCall[]> => Promise.all(works.values());
