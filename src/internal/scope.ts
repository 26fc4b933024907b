/** What is given back, whatever becomes of an effect: a thrown error, which no effect should throw, included. */
import { E, type taskEither } from './fp.js';

type After = () => unknown;

/** An effect, and another after it, whether it succeeds, fails or throws. */
export const ensuring =
  (after: After) =>
  <L, A>(effect: taskEither.TaskEither<L, A>): taskEither.TaskEither<L, A> =>
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
  <L, A>(effect: taskEither.TaskEither<L, A>): taskEither.TaskEither<L, A> =>
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
