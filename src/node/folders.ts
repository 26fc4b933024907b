/** Folders on disk, written completely or not at all. */
import { task, type Task } from '../dsl/run/effect.js';
import { type Fallible, gen, keep, take } from '../internal/gen.js';
import { asideOf, makeFolder, removeLeftovers, syncFolder } from './files.js';
import { node, onFile, recover } from './node.js';

const TO_WRITE = 'a folder to write';

/** Refuses a folder that is not empty, because its content would be lost. */
const demandEmpty = async (path: string): Promise<void> => {
  const entries = await node()
    .readdir(path)
    .catch(recover(['ENOENT'], []));
  if (entries.length > 0) throw Object.assign(new Error(`ENOTEMPTY: it holds ${entries[0]}`), { code: 'ENOTEMPTY' });
};

/** Makes a temporary folder beside a folder that does not exist or is empty. */
const begin = (path: string): Task<string> =>
  onFile(path, TO_WRITE, async () => {
    const { basename, dirname, join, mkdir } = node();
    await makeFolder(dirname(path));
    await demandEmpty(path);
    await removeLeftovers(path);
    const aside = join(dirname(path), asideOf(basename(path)));
    await mkdir(aside);
    return aside;
  });

const discarded = (aside: string): Task<void> =>
  onFile(aside, TO_WRITE, () => node().rm(aside, { force: true, recursive: true }));

/** Fails with `FileError` unless a path is that of a folder. */
export const demandFolder = (path: string): Task<void> =>
  onFile(path, 'a folder to read', async () => {
    const info = await node().stat(path);
    if (!info.isDirectory()) throw Object.assign(new Error('ENOTDIR: not a folder'), { code: 'ENOTDIR' });
  });

/** Renames a temporary folder to its final name. */
const place = (aside: string, path: string): Task<void> =>
  onFile(path, TO_WRITE, async () => {
    const { dirname, rename, rmdir } = node();
    await demandEmpty(path);
    // some systems do not replace a folder, not even an empty one
    await rmdir(path).catch(recover(['ENOENT'], undefined));
    await rename(aside, path);
    await syncFolder(dirname(path));
  });

/**
 * Makes a folder of the files that `write` writes to a temporary one. It appears complete or, if a step fails, not at
 * all. Fails with `FileError`, also for a folder that is not empty, and with the errors of `write`.
 */
export const writeFolder = (path: string, write: (folder: string) => Fallible<void>): Task<void> =>
  task(
    gen(function* () {
      const aside = yield* keep(begin(path), discarded);
      yield* take(write(aside));
      yield* take(place(aside, path));
    }),
  );
