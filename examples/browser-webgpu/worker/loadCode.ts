import { failure, type NoisefoldError } from 'noisefold/dsl';
import { taskEither as TE } from 'fp-ts';

/** Loads code when it is needed. */
export const loaded = <A>(name: string, load: () => Promise<A>): TE.TaskEither<NoisefoldError, A> =>
  TE.tryCatch(load, (thrown) =>
    failure('BackendUnavailable', {
      where: `the ${name}`,
      expected: 'its program to load',
      actual: thrown instanceof Error ? thrown.message : String(thrown),
      hint: 'reload the page',
    }),
  );
