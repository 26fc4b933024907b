/**
 * Straight-line effects. `gen(function* () { … })` is work that runs its statements in order: `yield* take(work)` gives the
 * result of work and ends the block at an error; `yield* hold(work, release)` also frees the result when the block ends.
 */
import type { NoisefoldError } from './errors.js';
import { E, type either, type taskEither } from './fp.js';

/** A task that may fail. */
export type Fallible<A> = taskEither.TaskEither<NoisefoldError, A>;

/** Work that may fail: an `Either`, or a task that returns one. */
export type Work<A> = either.Either<NoisefoldError, A> | Fallible<A>;

/** Frees a result. If it returns work, the work is run. */
type Release<A> = (result: A) => Work<unknown> | void;

/** A request of a block: work to run, and the release of its result. */
export interface Request {
  readonly work: Work<unknown>;
  readonly release?: () => Work<unknown> | void;
  /** True to release only if the block fails. If the block succeeds, its result owns the result of the work. */
  readonly isKept?: boolean;
}

/** The statements of a block; other blocks run them by `yield*`. */
export type Block<A> = Generator<Request, A, unknown>;

/** Runs work and returns its result; an error ends the block. */
export function* take<A>(work: Work<A>): Block<A> {
  return (yield { work }) as A; // `gen` passes the result of the work to `next`
}

function* released<A>(work: Work<A>, release: Release<A>, isKept: boolean): Block<A> {
  const result = yield* take(work);
  yield { work: E.right(undefined), release: () => release(result), isKept };
  return result;
}

/** Runs work, and releases its result when the block ends, whether it succeeds, fails or throws. */
export const hold = <A>(work: Work<A>, release: Release<A>): Block<A> => released(work, release, false);

/** Runs work, and releases its result if the block fails or throws. Otherwise the result of the block owns it. */
export const keep = <A>(work: Work<A>, release: Release<A>): Block<A> => released(work, release, true);

/** Runs the statements of a block, and records what it holds. */
const outcomeOf = async <A>(statements: Block<A>, holds: Request[]): Promise<either.Either<NoisefoldError, A>> => {
  let next = statements.next();
  while (next.done !== true) {
    const { work } = next.value;
    const result = typeof work === 'function' ? await work() : work; // does not wait for an `Either`
    if (E.isLeft(result)) {
      statements.return(undefined as never); // runs `finally` clauses; the value is not used
      return result;
    }
    if (next.value.release !== undefined) holds.push(next.value);
    next = statements.next(result.right);
  }
  return E.right(next.value);
};

/** Runs all releases in reverse order; returns the first error. */
const releaseAll = async (holds: readonly Request[]): Promise<either.Either<NoisefoldError, unknown>> => {
  const last = holds.at(-1);
  if (last === undefined) return E.right(undefined);
  let freed: either.Either<NoisefoldError, unknown> = E.right(undefined);
  try {
    const work = last.release?.() ?? freed;
    freed = typeof work === 'function' ? await work() : work;
  } finally {
    const others = await releaseAll(holds.slice(0, -1));
    if (E.isRight(freed)) freed = others;
  }
  return freed;
};

/**
 * Work that runs a block. What the block holds is released in reverse order. The first error is the result: of the
 * block, otherwise of a release. An exception is rethrown after the releases.
 * @example
 * const log: string[] = []
 * const opened = (name: string) =>
 *   hold(E.right(name), () => {
 *     log.push(`close ${name}`)
 *   })
 * const copied = gen(function* () {
 *   const source = yield* opened('a')
 *   const target = yield* opened('b')
 *   return `${source} to ${target}`
 * })
 * await copied() // → E.right('a to b')
 * log // → ['close b', 'close a']
 */
export const gen =
  <A>(block: () => Block<A>): Fallible<A> =>
  async () => {
    const holds: Request[] = [];
    let outcome: either.Either<NoisefoldError, A>;
    try {
      outcome = await outcomeOf(block(), holds);
    } catch (thrown) {
      await releaseAll(holds);
      throw thrown;
    }
    if (E.isLeft(outcome)) {
      await releaseAll(holds);
      return outcome;
    }
    const freed = await releaseAll(holds.filter(({ isKept }) => isKept !== true));
    if (E.isRight(freed)) return outcome;
    await releaseAll(holds.filter(({ isKept }) => isKept === true));
    return freed;
  };
