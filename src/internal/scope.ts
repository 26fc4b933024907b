/** Clean-up after effects. It also runs if an effect throws, although effects should return their errors. */
import { E, type taskEither } from './fp.js';

type After = () => unknown;

/** Runs `after` when the effect ends, whether it succeeds, fails or throws. */
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

/** Runs `after` when the effect ends, unless it succeeds. */
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
