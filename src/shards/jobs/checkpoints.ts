/** Trained files by the digests of their bytes. */
import { createHash } from 'node:crypto';
import { readPieces } from '../../node/files.js';
import { node, onFile } from '../../node/node.js';
import { raise } from '../../internal/errors.js';
import { E } from '../../internal/fp.js';
import { type Block, type Fallible, take } from '../../internal/gen.js';

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

/** The trained files of a folder, or a single file. */
const filesAt = (path: string): Fallible<readonly string[]> =>
  onFile(path, 'a trained file, or a folder of some', async () => {
    const { join, readdir, stat } = node();
    if (!(await stat(path)).isDirectory()) return [path];
    const names = await readdir(path);
    return names.filter((name) => name.endsWith(ENDING)).map((name) => join(path, name));
  });

/** Finds trained files by their digests. */
export interface Checkpoints {
  /** The path of the file with a digest. Raises `ConfigError` if there is none. */
  readonly pathOf: (digest: string) => Block<string>;
}

/** The trained files at some paths. A file that appears later is found too. */
export const checkpointsAt = (paths: readonly string[]): Checkpoints => {
  const known = new Map<string, string>(); // mutable: paths by digest

  function* look(): Block<void> {
    const isKnown = new Set(known.values());
    for (const path of paths)
      for (const file of yield* take(filesAt(path)))
        if (!isKnown.has(file)) known.set(yield* take(digestOfFile(file)), file);
  }

  function* pathOf(digest: string): Block<string> {
    if (!known.has(digest)) yield* look();
    return (
      known.get(digest) ??
      raise('ConfigError', {
        where: 'worker: checkpoints',
        expected: `a trained file with the SHA-256 ${digest}`,
        actual: `${known.size} other files at ${paths.join(', ') || 'no path'}`,
        hint:
          paths.length > 0
            ? 'copy the file there that the job names'
            : "give runWorker({ checkpoints: ['folder'] }), or npx noisefold worker --checkpoints folder",
      })
    );
  }
  return { pathOf };
};
