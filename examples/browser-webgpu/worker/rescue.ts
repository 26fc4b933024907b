/** Exceptions of the browser, as error values. */
import type { NoisefoldError } from 'noisefold/dsl';
import { either as E, type taskEither as TE } from 'fp-ts';

/** An effect of work that may throw; `failed` makes an error of the text of the exception. */
export const rescue =
  <A>(
    work: () => Promise<E.Either<NoisefoldError, A>>,
    failed: (text: string) => NoisefoldError,
  ): TE.TaskEither<NoisefoldError, A> =>
  async () => {
    try {
      return await work();
    } catch (thrown) {
      return E.left(failed(thrown instanceof Error ? thrown.message : String(thrown)));
    }
  };
