/** A backend for programs that throw and await, in place of `using`. */
import type { Backend } from '../dsl/plan/backend.js';
import { failure, type NoisefoldError, orRaise, raise, thrownError } from '../internal/errors.js';
import type { taskEither } from '../internal/fp.js';
import type { Either } from './either.js';
import { show } from '../internal/decode.js';
import { isEither } from '../internal/either.js';
import type { NoEither, NoPromise } from '../internal/itself.js';

/** Work that {@link Noisefold.run} runs: an `Effect` or a `Task`, also by their fp-ts types. */
export type Runnable<A> = NoEither &
  NoPromise &
  ((backend: Backend) => taskEither.TaskEither<NoisefoldError, A> | Promise<Either<NoisefoldError, A>>);

/** The key of `await using`, if the compiler's libraries declare it. */
type AsyncDispose = SymbolConstructor extends { readonly asyncDispose: infer K extends symbol } ? K : never;

/** Declared by `await using`, closes itself at the end of the block. */
type ClosesItself = { readonly [K in AsyncDispose]: () => Promise<void> };

/** An open backend. Its memory holds the results of the work that it runs, until it is closed. */
export interface Noisefold extends ClosesItself {
  readonly backend: Backend;
  /**
   * Runs an effect, or a task, and gives its result. Rejects with a {@link ThrownError} that carries the typed error
   * of the effect, or `BackendFailure` after `close`.
   */
  readonly run: <A>(work: Runnable<A>) => Promise<A>;
  /** Releases everything on the backend. A second call does nothing. */
  readonly close: () => Promise<void>;
}

/** `Symbol.asyncDispose`, or the substitute that compilers use when they lower `await using`. */
const asyncDispose: symbol = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');

const EFFECT = 'an effect, such as fit({ … }), or a task, such as writeAtomically(path, text)';

const notWork = (value: unknown): never =>
  raise('ConfigError', {
    where: 'run',
    expected: EFFECT,
    actual: show(value),
    hint: isEither(value) ? 'unwrap it: unwrap(either)' : 'pass it without calling it',
  });

/** Runs work to its result. An effect returns a task first. */
const resultOf = async <A>(work: Runnable<A>, backend: Backend): Promise<A> => {
  if (typeof work !== 'function') return notWork(work);
  const output = work(backend);
  const result = await (typeof output === 'function' ? output() : output);
  return isEither(result)
    ? orRaise(result)
    : raise('ConfigError', {
        where: 'run',
        expected: EFFECT,
        actual: `a function that returns ${show(result)}`,
        hint: 'call it with its options: run(sample({ … })(trained))',
      });
};

const sessionOf = (backend: Backend): Noisefold => {
  let closing: Promise<void> | undefined; // the only mutable state of a session
  const close = (): Promise<void> => (closing ??= backend.close().then(orRaise));
  const nf = {
    backend,
    run: async <A>(work: Runnable<A>): Promise<A> => {
      if (closing === undefined) return resultOf(work, backend);
      throw thrownError(
        failure('BackendFailure', {
          where: 'run',
          expected: `an open ${backend.name} backend`,
          actual: 'a closed one',
          hint: 'run before `close`, and in the block of `await using`; is an `await` missing before nf.run?',
        }),
      );
    },
    close,
  };
  // the key is `unique symbol` in the types, if they have it
  return Object.defineProperty(nf, asyncDispose, { value: close }) as Noisefold;
};

/**
 * Acquires a backend for a program without fp-ts. Rejects with a {@link ThrownError} if it cannot be acquired. Close it
 * by `await using`, or by `close` in a `finally`.
 *
 * ```ts
 * await using nf = await open(wasm()); // closes at the end of the block
 *
 * const nf = await open(wasm());
 * try {
 *   await nf.run(effect);
 * } finally {
 *   await nf.close();
 * }
 * ```
 * @example
 * const nf = await open(reference())
 * const step = await nf.run(compile(program({ x: '3' }, ({ x }) => square(x)), {}))
 * await nf.run(read(await nf.run(step.run({ x: Float32Array.of(1, 2, 3) })))) // → [1, 4, 9]
 * await nf.close()
 * await nf.run(askBackend).catch((thrown) => errorIn(thrown)?.actual) // → 'a closed one'
 */
export const open = async (acquire: taskEither.TaskEither<NoisefoldError, Backend>): Promise<Noisefold> => {
  const acquisition: unknown = typeof acquire === 'function' ? acquire() : acquire;
  const result: unknown = typeof acquisition === 'function' ? acquisition : await acquisition; // a function is an error below
  if (isEither(result)) return sessionOf(orRaise(result as Either<NoisefoldError, Backend>)); // safe by the type of `acquire`
  return raise('ConfigError', {
    where: 'open',
    expected: 'a backend, such as open(wasm())',
    actual: typeof result === 'function' ? 'the function that makes one' : show(acquire),
    hint: 'call the backend once: open(wasm())',
  });
};
