/** The training that this browser keeps between visits: a checkpoint in the page's cache. */
import { failure, type NoisefoldError } from 'noisefold/dsl';
import { taskEither as TE } from 'fp-ts';

const CACHE = 'noisefold-training';

const refused = (thrown: unknown): NoisefoldError =>
  failure('FileError', {
    where: 'the store of this browser',
    expected: 'room for the training',
    actual: thrown instanceof Error ? thrown.message : String(thrown),
    hint: 'save a checkpoint as a file instead',
  });

const address = (name: string): string => new URL(`kept/${name}`, location.href).href;

export const keep = (name: string, bytes: Uint8Array<ArrayBuffer>): TE.TaskEither<NoisefoldError, void> =>
  TE.tryCatch(async () => (await caches.open(CACHE)).put(address(name), new Response(bytes)), refused);

/** What was kept by a name; null where nothing was. */
export const kept = (name: string): TE.TaskEither<NoisefoldError, Uint8Array<ArrayBuffer> | null> =>
  TE.tryCatch(async () => {
    const found = await (await caches.open(CACHE)).match(address(name));
    return found === undefined ? null : new Uint8Array(await found.arrayBuffer());
  }, refused);

/** How long a page that is reloaded may take to let go, in milliseconds. */
const LETTING_GO = 2000;

/**
 * Whether what is trained by a name is kept from here: one tab at a time does, until it is closed, so that no other one
 * writes over it. Where there are no locks there is no store either, and `keep` says so.
 */
export const theKeeper = (name: string): TE.TaskEither<NoisefoldError, boolean> =>
  TE.fromTask(
    () =>
      new Promise((resolve) => {
        const held = navigator.locks?.request(
          address(name),
          { signal: AbortSignal.timeout(LETTING_GO) },
          () => {
            resolve(true);
            return new Promise(() => undefined); // held until this worker ends
          },
        );
        if (held === undefined) resolve(true);
        else held.catch(() => resolve(false));
      }),
  );
