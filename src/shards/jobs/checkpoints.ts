/** Trained files by the digests of their bytes. */
import { createHash } from 'node:crypto';
import { readBytes, readPieces } from '../../node/files.js';
import { node, onFile } from '../../node/node.js';
import { raise } from '../../internal/errors.js';
import { E } from '../../internal/fp.js';
import { type Block, type Fallible, gen, take } from '../../internal/gen.js';
import { sha256 } from './job.js';

/** The SHA-256 of a file of any size, in hexadecimal digits. Fails with `FileError`. */
export const digestOfFile =
  (path: string): Fallible<string> =>
  async () => {
    const hash = createHash('sha256');
    for await (const piece of readPieces(path)) {
      if (E.isLeft(piece)) return piece;
      hash.update(piece.right);
    }
    return E.right(hash.digest('hex'));
  };

const ENDING = '.safetensors';

const PLACE = 'a trained file, or a folder of some';

/** The trained files of a folder, or a single file. */
const filesAt = (path: string): Fallible<readonly string[]> =>
  onFile(path, PLACE, async () => {
    const { join, readdir, stat } = node();
    if (!(await stat(path)).isDirectory()) return [path];
    const names = await readdir(path);
    return names.filter((name) => name.endsWith(ENDING)).map((name) => join(path, name));
  });

/** The stamp of a file, which changes if the file is written or replaced. */
const stampOf = (path: string): Fallible<string> =>
  onFile(path, PLACE, async () => {
    const { ino, size, mtimeMs, ctimeMs } = await node().stat(path);
    return [ino, size, mtimeMs, ctimeMs].join();
  });

/** The bytes of a trained file. */
export interface Found {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Finds trained files by their digests. */
export interface Checkpoints {
  /** Reads the file whose bytes have a digest. Raises `ConfigError` if there is none. */
  readonly find: (digest: string) => Block<Found>;
}

/** The stamp and the digest of a file when it was last hashed. */
interface Seen {
  readonly stamp: string;
  readonly digest: string;
}

/**
 * Finds trained files at some paths, also files that appear later or replace others. The stored digests only say which
 * file to read: the bytes that were read are hashed again.
 */
export const checkpointsAt = (paths: readonly string[]): Checkpoints => {
  let seen: ReadonlyMap<string, Seen> = new Map(); // mutable: by path

  /** Hashes the files that are new or have another stamp. */
  function* look(): Block<void> {
    const now = new Map<string, Seen>();
    for (const path of paths)
      for (const file of yield* take(filesAt(path))) {
        // taken before the file is read, so that the next call sees a change in between
        const stamp = yield* take(stampOf(file));
        const before = seen.get(file);
        now.set(file, before?.stamp === stamp ? before : { stamp, digest: yield* take(digestOfFile(file)) });
      }
    seen = now;
  }

  /** Reads the file that had this digest when it was hashed. Null if no file had it, or if the bytes have changed. */
  function* read(digest: string): Block<Found | null> {
    const path = [...seen].find(([, file]) => file.digest === digest)?.[0];
    if (path === undefined) return null;
    const bytes = yield* take(readBytes(path));
    return sha256(bytes) === digest ? { path, bytes } : null;
  }

  function* find(digest: string): Block<Found> {
    const found = yield* take(async () => E.right(await gen(() => read(digest))()));
    // otherwise hash the files again, also after an error for a file that is gone
    if (E.isRight(found) && found.right !== null) return found.right;
    yield* look();
    return (
      (yield* read(digest)) ??
      raise('ConfigError', {
        where: 'worker: checkpoints',
        expected: `a trained file with the SHA-256 ${digest}`,
        actual: `${seen.size} other files at ${paths.join(', ') || 'no path'}`,
        hint:
          paths.length > 0
            ? 'copy the file there that the job names'
            : "give runWorker({ checkpoints: ['folder'] }), or npx noisefold worker --checkpoints folder",
      })
    );
  }
  return { find };
};
