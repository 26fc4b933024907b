/** What is given back, whatever becomes of an effect: a thrown error, which no effect should throw, included. */
import type { NoisefoldError } from '../dsl/index.js';
import { E, type taskEither } from '../internal/fp.js';

type Effect<A> = taskEither.TaskEither<NoisefoldError, A>;
type After = () => unknown;

/** An effect, and another after it, whether it succeeds, fails or throws. */
export const ensuring =
  (after: After) =>
  <A>(effect: Effect<A>): Effect<A> =>
  async () => {
    try {
      return await effect();
    } finally {
      await after();
    }
  };

/** An effect, and another after it unless it succeeds. */
export const unlessRight =
  (after: After) =>
  <A>(effect: Effect<A>): Effect<A> =>
  async () => {
    let succeeded = false;
    try {
      const result = await effect();
      succeeded = E.isRight(result);
      return result;
    } finally {
      if (!succeeded) await after();
    }
  };
