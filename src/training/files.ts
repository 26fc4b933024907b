/** Files on disk, by Node: read whole, replaced as a whole or not at all, or grown line by line. */
import { task, type Task } from '../dsl/effect.js';
import { failure, type NoisefoldError } from '../dsl/errors.js';
import { F, E, TE, type either } from '../internal/fp.js';

const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'check the path',
  ENOTDIR: 'check the path: a part of it is a file',
  EISDIR: 'give the path of a file, this is a folder',
  EACCES: 'check the permissions of the file and of its folder',
  EPERM: 'check the permissions of the file and of its folder',
  EROFS: 'give a path on a file system that can be written',
  ENOSPC: 'free some space on the disk',
  EDQUOT: 'free some of your quota of the disk',
  EMFILE: 'close some files: the process has too many open',
  ENOSYS: 'take the bytes instead (encodeCheckpoint, encodePng): only Node has files',
};

/** Node's modules, asked for when a file is: this page is imported in browsers, too, which have none. */
const node = () => {
  const builtin = typeof process === 'undefined' ? undefined : process.getBuiltinModule;
  if (builtin === undefined)
    throw Object.assign(new Error('ENOSYS: no file system here'), { code: 'ENOSYS' });
  return { ...builtin('node:fs/promises'), ...builtin('node:path') };
};

const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';

/** `ENOSPC: no space left on device, write` without the name of the system call. */
const reasonOf = (thrown: unknown): string =>
  thrown instanceof Error ? (thrown.message.split(',')[0] ?? thrown.message) : String(thrown);

/** An effect on a file as a value; what it throws is a `FileError` with the path, the reason and advice. */
const onFile = <A>(path: string, expected: string, work: () => Promise<A>): Task<A> =>
  F.pipe(
    TE.tryCatch(work, (thrown) =>
      failure('FileError', {
        where: path,
        expected,
        actual: reasonOf(thrown),
        hint: ADVICE[codeOf(thrown)] ?? 'check the disk',
      }),
    ),
    task,
  );

/** `otherwise`, where an effect fails for one of these reasons. */
const recover =
  <A>(codes: readonly string[], otherwise: A) =>
  (thrown: unknown): A => {
    if (codes.includes(codeOf(thrown))) return otherwise;
    throw thrown;
  };

const TO_READ = 'a file to read';

/**
 * The bytes of a file. `FileError`.
 *
 * @example
 * const missing = pipe(readBytes('missing.bin'), TE.mapLeft(({ actual }) => actual))
 * await missing() // → E.left('ENOENT: no such file or directory')
 */
export const readBytes = (path: string): Task<Uint8Array> =>
  onFile(path, TO_READ, () => node().readFile(path));

const PIECE = 2 ** 16;

/** The bytes of a file in pieces, in order; a `FileError` ends them. */
export async function* readPieces(
  path: string,
): AsyncGenerator<either.Either<NoisefoldError, Uint8Array>, void> {
  const opened = await onFile(path, TO_READ, () => node().open(path, 'r'))();
  if (E.isLeft(opened)) return yield opened;
  const next = onFile(path, TO_READ, async () => {
    const { buffer, bytesRead } = await opened.right.read(new Uint8Array(PIECE));
    return buffer.subarray(0, bytesRead);
  });
  try {
    for (;;) {
      const piece = await next();
      if (E.isRight(piece) && piece.right.length === 0) return;
      yield piece;
      if (E.isLeft(piece)) return;
    }
  } finally {
    await opened.right.close();
  }
}

/**
 * Whether there is a file. `FileError` where that cannot be known.
 *
 * @example
 * await fileExists('package.json')() // → E.right(true)
 * await fileExists('missing.bin')() // → E.right(false)
 */
export const fileExists = (path: string): Task<boolean> =>
  onFile(path, 'a file or none', async () =>
    node()
      .stat(path)
      .then((found) => found.isFile(), recover(['ENOENT', 'ENOTDIR'], false)),
  );

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (thrown) {
    return codeOf(thrown) === 'EPERM'; // someone else's process
  }
};

/** Removes what killed processes left aside while they wrote this file. */
const removeLeftovers = async (path: string): Promise<void> => {
  const { basename, dirname, join, readdir, rm } = node();
  const aside = /^\.(?<name>.+)\.(?<pid>\d+)\.tmp$/;
  for (const name of await readdir(dirname(path))) {
    const { name: of, pid } = aside.exec(name)?.groups ?? {};
    if (of === basename(path) && !isAlive(Number(pid))) await rm(join(dirname(path), name), { force: true });
  }
};

/** Makes a rename last; some systems cannot sync a folder, and do it by themselves. */
const syncFolder = async (folder: string): Promise<void> => {
  const cannot = recover(['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'EBADF'], undefined);
  const handle = await node().open(folder, 'r').catch(cannot);
  try {
    await handle?.sync().catch(cannot);
  } finally {
    await handle?.close();
  }
};

/**
 * Makes a folder and those that it is in, where they are not there. Node's own `recursive` never ends where a
 * folder that is there takes none, as /proc.
 */
const makeFolder = async (folder: string): Promise<void> => {
  const { dirname, mkdir, stat } = node();
  const isThere = await stat(folder).then(() => true, recover(['ENOENT'], false));
  if (isThere) return;
  await makeFolder(dirname(folder));
  await mkdir(folder).catch(recover(['EEXIST'], undefined)); // another may be making it
};

const replace = async (path: string, content: Uint8Array | string): Promise<void> => {
  const { basename, dirname, join, open, rename, rm, stat } = node();
  const folder = dirname(path);
  await makeFolder(folder);
  const before = await stat(path).catch(recover(['ENOENT'], null));
  if (before !== null && !before.isFile()) throw new Error('something that is no regular file');
  await removeLeftovers(path);
  const aside = join(folder, `.${basename(path)}.${process.pid}.tmp`);
  try {
    const handle = await open(aside, 'w');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(aside, path);
  } catch (thrown) {
    await rm(aside, { force: true }).catch(() => undefined); // the first failure is the one to tell
    throw thrown;
  }
  await syncFolder(folder);
};

/**
 * Replaces a file, or makes it, folders included: on return the new content is on the disk. If anything
 * fails, or the process is killed, or the power goes, there is the old content or the new, whole. Two writes
 * of one file must not overlap. `FileError`.
 *
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}/bytes`
 * await writeAtomically(path, Uint8Array.of(1, 2, 3))() // → E.right(undefined)
 * await readBytes(path)() // → E.right([1, 2, 3])
 */
export const writeAtomically = (path: string, content: Uint8Array | string): Task<void> =>
  // through a symbolic link, which stays
  onFile(path, 'a file to write', async () =>
    replace(
      await node()
        .realpath(path)
        .catch(recover(['ENOENT'], path)),
      content,
    ),
  );

/**
 * Adds a line to a text file, which is made if need be; a line that does not fit leaves no part of it.
 * `FileError`.
 *
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}.jsonl`
 * await pipe(
 *   writeAtomically(path, '{"step":0}\n'),
 *   TE.flatMap(() => appendLine(path, '{"step":1}')),
 *   TE.flatMap(() => readBytes(path)),
 *   TE.map((bytes) => new TextDecoder().decode(bytes)),
 * )() // → E.right('{"step":0}\n{"step":1}\n')
 */
export const appendLine = (path: string, line: string): Task<void> =>
  onFile(path, 'a file to append to', async () => {
    const { dirname, open } = node();
    await makeFolder(dirname(path));
    const handle = await open(path, 'a');
    try {
      const { size } = await handle.stat();
      await handle.writeFile(`${line}\n`).catch(async (thrown: unknown) => {
        await handle.truncate(size).catch(() => undefined); // the first failure is the one to tell
        throw thrown;
      });
    } finally {
      await handle.close();
    }
  });

/**
 * On return all that was written to a file is on the disk, also if the power goes. `FileError`.
 *
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}.log`
 * await pipe(appendLine(path, 'done'), TE.flatMap(() => syncFile(path)))() // → E.right(undefined)
 */
export const syncFile = (path: string): Task<void> =>
  onFile(path, 'a file to write', async () => {
    const handle = await node().open(path, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  });

/**
 * Drops the lines of a text file that are not to be kept, and a last line that was cut short. The file is
 * rewritten whole or not at all, and left alone if it has none of these, or does not exist. `FileError`.
 *
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}.txt`
 * await pipe(
 *   writeAtomically(path, 'keep\ndrop\ncut sho'),
 *   TE.flatMap(() => keepLines(path, (line) => line === 'keep')),
 *   TE.flatMap(() => readBytes(path)),
 *   TE.map((bytes) => new TextDecoder().decode(bytes)),
 * )() // → E.right('keep\n')
 */
export const keepLines = (path: string, keep: (line: string) => boolean): Task<void> =>
  onFile(path, 'a file to trim', async () => {
    const { readFile, realpath } = node();
    const text = await readFile(path, 'utf8').catch(recover(['ENOENT'], ''));
    const lines = text.split('\n').slice(0, -1);
    const kept = lines
      .filter(keep)
      .map((line) => `${line}\n`)
      .join('');
    if (kept !== text) await replace(await realpath(path), kept);
  });
