/** The training that this browser saves between visits: a checkpoint in the cache of the page. */
import { failure, type NoisefoldError } from 'noisefold/dsl';
import { taskEither as TE } from 'fp-ts';

const CACHE = 'noisefold-training';

const refusal = (thrown: unknown): NoisefoldError =>
  failure('FileError', {
    where: 'the store of this browser',
    expected: 'room for the training',
    actual: thrown instanceof Error ? thrown.message : String(thrown),
    hint: 'save a checkpoint as a file instead',
  });

const address = (name: string): string => new URL(`kept/${name}`, location.href).href;

export const keep = (name: string, bytes: Uint8Array<ArrayBuffer>): TE.TaskEither<NoisefoldError, void> =>
  TE.tryCatch(async () => (await caches.open(CACHE)).put(address(name), new Response(bytes)), refusal);

/** The bytes saved under a name, or null. */
export const kept = (name: string): TE.TaskEither<NoisefoldError, Uint8Array<ArrayBuffer> | null> =>
  TE.tryCatch(async () => {
    const match = await (await caches.open(CACHE)).match(address(name));
    return match === undefined ? null : new Uint8Array(await match.arrayBuffer());
  }, refusal);

/** The time that a reloaded page may take to release its lock, in milliseconds. */
const LETTING_GO = 2000;

/**
 * Tests whether this tab may save under a name. One tab at a time may, until it is closed, so that no other one
 * overwrites it. A browser without locks has no cache either, and `keep` reports that.
 */
export const theKeeper = (name: string): TE.TaskEither<NoisefoldError, boolean> =>
  TE.fromTask(
    () =>
      new Promise((resolve) => {
        const lock = navigator.locks?.request(address(name), { signal: AbortSignal.timeout(LETTING_GO) }, () => {
          resolve(true);
          return new Promise(() => undefined); // held until the worker ends
        });
        if (lock === undefined) resolve(true);
        else lock.catch(() => resolve(false));
      }),
  );
