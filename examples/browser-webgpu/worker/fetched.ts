/** Files of the page, which the worker loads when they are first needed. */
import { failure, type NoisefoldError } from 'noisefold/dsl';
import { either as E, taskEither as TE } from 'fp-ts';

export const unserved = (where: string, actual: string): NoisefoldError =>
  failure('FileError', { where, expected: 'to be served', actual, hint: 'reload the page' });

/** Loads and decompresses the bytes at a URL. Fails with `FileError`. */
export const fetched = (where: string, url: string): TE.TaskEither<NoisefoldError, Uint8Array> =>
  TE.tryCatch(
    async () => {
      const { ok, status, body } = await fetch(url);
      if (!ok || body === null) throw new Error(`status ${status}`);
      const plain = body.pipeThrough(new DecompressionStream('gzip'));
      return new Uint8Array(await new Response(plain).arrayBuffer());
    },
    (thrown) => unserved(where, thrown instanceof Error ? thrown.message : String(thrown)),
  );

/** Runs an effect once, and again only after a failure. */
export const once = <A>(effect: TE.TaskEither<NoisefoldError, A>): TE.TaskEither<NoisefoldError, A> => {
  let running: ReturnType<typeof effect> | null = null;
  return () =>
    (running ??= effect().then((result) => {
      if (E.isLeft(result)) running = null;
      return result;
    }));
};
