/** Calls of exported functions with wrong kinds of arguments, in place of those of their examples. */
import { reference } from '../../src/backends/reference/index.js';
import { asWork, isWork, show } from '../../src/internal/decode.js';
import { isEither } from '../../src/internal/either.js';
import { errorIn, isError } from '../../src/internal/errors.js';
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

const works: Promise<WrongCall>[] = [];

/** Values of a wrong kind in place of an argument. */
const wrongFor = (argument: unknown): readonly (readonly [kind: string, value: unknown])[] =>
  [
    ['an Either', E.right(argument)],
    ['an effect', asWork(() => async () => E.right(argument))],
    ['a promise', Promise.resolve(argument)],
    ...(typeof argument === 'string' ? [] : [['a string', 'wrong']]),
    ['undefined', undefined],
    ...(typeof argument === 'function' ? [] : [['a function that was not called', () => argument]]),
    ...(Array.isArray(argument) ? [['an array of another length', argument.slice(1)]] : [['an array', []]]),
  ] as const as readonly (readonly [string, unknown])[];

const ofThrown = (thrown: unknown): readonly [Outcome, string] => {
  const error = errorIn(thrown);
  return error === null ? ['raw', String(thrown)] : ['error', error.message];
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
      return isError(left) ? ['error', left.message] : ['raw', `a Left of ${show(left)}`];
    }
    if (isError(result)) return ['error', result.message];
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

/**
 * The function; its first call is repeated with each wrong kind of argument in each position, before it runs.
 * @public generated modules import it
 */
export const watched = <F>(name: string, f: F): F => {
  if (typeof f !== 'function') return f;
  let isFirst = true;
  return new Proxy(f, {
    apply: (target, self, args: unknown[]) => {
      if (isFirst) {
        isFirst = false;
        for (const [position, argument] of args.entries())
          for (const [kind, value] of wrongFor(argument)) {
            const outcome = outcomeOf(() => Reflect.apply(target as never, self, args.with(position, value)), value);
            works.push(outcome.then(([what, text]) => ({ name, position, kind, outcome: what, text })));
          }
      }
      return Reflect.apply(target as never, self, args) as unknown;
    },
  });
};

/** All wrong calls so far, when they are done. */
export const wrongCalls = (): Promise<readonly WrongCall[]> => Promise.all(works);
