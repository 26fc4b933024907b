/** Files on disk, through Node: reads them whole, replaces them completely or not at all, or appends lines to them. */
import type { Task } from '../dsl/run/effect.js';
import { joinBytes } from '../formats/bytes/bytes.js';
import { cutShortError, room, type Source } from '../formats/bytes/source.js';
import { show } from '../internal/decode.js';
import { type NoisefoldError, orRaise, raise } from '../internal/errors.js';
import { E, type either, t } from '../internal/fp.js';
import { argument } from '../internal/schema.js';
import { codeOf, node, onFile, recover } from './node.js';

const TO_READ = 'a file to read';

const PIECE = 2 ** 16;

/** The maximum number of bytes in one read: the system reads at most 2 GiB at once. */
const MOST_AT_ONCE = 2 ** 26;

/** The fields of the file information that are used. */
interface FileInfo {
  readonly size: number;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/**
 * The members of Node's `FileHandle` that are used, declared here so that the declarations do not need the types of
 * Node.
 */
export interface OpenFile {
  readonly read: (bytes: Uint8Array, at: number, length: number, position: number) => Promise<{ bytesRead: number }>;
  readonly write: (bytes: Uint8Array, at: number, length: number, position: number) => Promise<unknown>;
  /** Writes after the bytes of the previous calls. */
  readonly writeFile: (data: string | Uint8Array) => Promise<void>;
  readonly stat: () => Promise<FileInfo>;
  readonly close: () => Promise<void>;
}

/** Throws unless a path is a regular file, which can be replaced and read to its end. */
const demandRegular = (info: { isFile(): boolean; isSymbolicLink(): boolean }, toRead = false): void => {
  if (info.isFile()) return;
  const [message, code] = info.isSymbolicLink()
    ? ['a symbolic link', 'ELOOP']
    : ['something that is not a regular file', toRead ? 'ENXIO' : 'EEXIST'];
  throw Object.assign(new Error(message), { code });
};

/**
 * Opens a file for reading; the caller closes it. A pipe is refused, because it would wait for a writer, and so is a
 * device.
 */
export const openToRead = async (path: string): Promise<OpenFile> => {
  const { constants, open } = node();
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)); // Windows has no O_NONBLOCK
  try {
    const info = await handle.stat();
    if (!info.isDirectory()) demandRegular(info, true); // reading a folder gives a clear error
    return handle;
  } catch (thrown) {
    await handle.close();
    throw thrown;
  }
};

/**
 * Reads bytes of a file into an array, from a position. Returns their number, which is smaller than the array if the
 * file ends.
 */
const readInto = async (handle: OpenFile, bytes: Uint8Array, position: number): Promise<number> => {
  let at = 0;
  while (at < bytes.length) {
    const { bytesRead } = await handle.read(bytes, at, Math.min(bytes.length - at, MOST_AT_ONCE), position + at);
    if (bytesRead === 0) return at;
    at += bytesRead;
  }
  return at;
};

/** Turns an exception of work that reads a file into a `FileError`. */
export const reading = <A>(path: string, work: () => Promise<A>): Task<A> => onFile(path, TO_READ, work);

/** Opens a file, uses it and closes it. Fails with `FileError`, and with the errors that `use` raises. */
export const withFile = <A>(path: string, use: (handle: OpenFile) => Promise<A>): Task<A> =>
  reading(path, async () => {
    const handle = await openToRead(path);
    try {
      return await use(handle);
    } finally {
      await handle.close();
    }
  });

/** Returns an open file as a source, with the errors of {@link reading}. */
export const sourceOf = async (path: string, handle: OpenFile): Promise<Source> => {
  const { size } = await handle.stat();
  return {
    where: path,
    size,
    fill: async (bytes, at) => {
      const read = orRaise(await reading(path, () => readInto(handle, bytes, at))());
      // the file became shorter
      if (read < bytes.length) raise('DecodeError', cutShortError(path, at + bytes.length, at + read));
    },
  };
};

/** Reads the bytes at a position: none at the end of the file. */
const pieceAt = async (handle: OpenFile, position: number): Promise<Uint8Array> => {
  const piece = new Uint8Array(PIECE);
  const { bytesRead } = await handle.read(piece, 0, PIECE, position);
  return piece.subarray(0, bytesRead);
};

/** Reads a whole file. Node's own `readFile` refuses files of more than 2 GiB. */
const readWhole = async (path: string, handle: OpenFile): Promise<Uint8Array<ArrayBuffer>> => {
  const { size } = await handle.stat();
  const whole = room(path, size);
  const read = await readInto(handle, whole, 0);
  if (read < size) return whole.subarray(0, read); // the file became shorter
  const rest: Uint8Array[] = []; // special files report no size, and a log may have grown
  for (let position = size; ;) {
    const piece = await pieceAt(handle, position);
    if (piece.length === 0) return rest.length === 0 ? whole : joinBytes([whole, ...rest]);
    rest.push(piece);
    position += piece.length;
  }
};

/**
 * Reads the bytes of a file, of any size that fits in memory: up to 4 GiB on Node 20, more on Node 22. Fails with
 * `FileError`.
 * @example
 * const missing = await readBytes('missing.bin')()
 * isLeft(missing) && missing.left.actual // → 'ENOENT: no such file or directory'
 */
export const readBytes = (path: string): Task<Uint8Array> => withFile(path, (handle) => readWhole(path, handle));

/** Reads a file in pieces, in order; a `FileError` ends them. */
export async function* readPieces(path: string): AsyncGenerator<either.Either<NoisefoldError, Uint8Array>, void> {
  const result = await reading(path, () => openToRead(path))();
  if (E.isLeft(result)) return yield result;
  const handle = result.right;
  try {
    for (let position = 0; ;) {
      const piece = await reading(path, () => pieceAt(handle, position))();
      if (E.isRight(piece) && piece.right.length === 0) return;
      yield piece;
      if (E.isLeft(piece)) return;
      position += piece.right.length;
    }
  } finally {
    await handle.close();
  }
}

/** The information about a file, a folder or a link; null if nothing has this path. */
const infoOf = (path: string) =>
  node()
    .lstat(path)
    .catch(recover(['ENOENT'], null));

/** The information about a file before it is written; null if it does not exist. Throws for a symbolic link. */
const ownFile = async (path: string) => {
  const info = await infoOf(path);
  if (info !== null) demandRegular(info);
  return info;
};

/**
 * Tests if there is a file. Returns false only if nothing has this name. Fails with `FileError` for anything that
 * cannot be read as a file, such as a folder, a pipe or a broken link.
 * @example
 * unwrap(await fileExists('package.json')()) // → true
 * unwrap(await fileExists('missing.bin')()) // → false
 */
export const fileExists = (path: string): Task<boolean> =>
  onFile(path, 'a file or none', async () => {
    if ((await infoOf(path)) === null) return false;
    demandRegular(await node().stat(path));
    return true;
  });

/** Tests if there is a file that {@link writeAtomically} would replace, and that is therefore not a link. */
export const ownFileExists = (path: string): Task<boolean> =>
  onFile(path, 'a file or none', async () => (await ownFile(path)) !== null);

export const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (thrown) {
    return codeOf(thrown) === 'EPERM'; // the process exists, but belongs to another user
  }
};

/** The name of a temporary file beside a file. It contains the id of the writing process, and is unpredictable. */
export const asideOf = (name: string): string => `.${name}.${process.pid}.${crypto.randomUUID()}.tmp`;

/** Removes the temporary files, or folders, that killed processes left behind while they wrote this one. */
export const removeLeftovers = async (path: string): Promise<void> => {
  const { basename, dirname, join, readdir, rm } = node();
  const aside = /^\.(?<name>.+)\.(?<pid>\d+)\.[\da-f-]+\.tmp$/;
  for (const name of await readdir(dirname(path))) {
    const { name: of, pid } = aside.exec(name)?.groups ?? {};
    if (of !== basename(path) || isAlive(Number(pid))) continue;
    await rm(join(dirname(path), name), { force: true, recursive: true });
  }
};

/** Writes a rename to the disk. Some systems cannot sync a folder, and do not need it. */
export const syncFolder = async (folder: string): Promise<void> => {
  const cannot = recover(['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'EBADF'], undefined);
  const handle = await node().open(folder, 'r').catch(cannot);
  try {
    await handle?.sync().catch(cannot);
  } finally {
    await handle?.close();
  }
};

/**
 * Makes a folder and its parents, unless they exist. Node's own `recursive` loops forever below a folder in which none
 * can be made, such as /proc.
 */
export const makeFolder = async (folder: string): Promise<void> => {
  const { dirname, mkdir, stat } = node();
  const isThere = await stat(folder).then(() => true, recover(['ENOENT'], false));
  if (isThere) return;
  await makeFolder(dirname(folder));
  await mkdir(folder).catch(recover(['EEXIST'], undefined)); // another process may be making it
  await syncFolder(dirname(folder));
};

const replace = async (path: string, write: (handle: OpenFile) => Promise<void>): Promise<void> => {
  const { basename, dirname, join, open, rename, rm } = node();
  const folder = dirname(path);
  await makeFolder(folder);
  const before = await ownFile(path);
  await removeLeftovers(path);
  const aside = join(folder, asideOf(basename(path)));
  try {
    const handle = await open(aside, 'wx');
    try {
      // until the mode of the old file is set, nobody else may read it
      if (before !== null) await handle.chmod(before.mode & 0o777);
      await write(handle);
      // Linux clears these bits when a user who is not root writes
      if (before !== null && (before.mode & 0o7000) !== 0) await handle.chmod(before.mode & 0o7777);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(aside, path);
  } catch (thrown) {
    await rm(aside, { force: true }).catch(() => undefined); // report the first failure
    throw thrown;
  }
  await syncFolder(folder);
};

/** Writes a file like {@link writeAtomically}; `write` fills the open temporary file. */
export const writeWith = (path: string, write: (handle: OpenFile) => Promise<void>): Task<void> =>
  onFile(path, 'a file to write', () => replace(path, write));

/**
 * Replaces a file, or makes it with its folders. The file keeps its mode. On return the new content is on the disk. If
 * a step fails, the process is killed or the power fails, the file has either the complete old or the complete new
 * content. Fails with `FileError`, also if the path is a symbolic link, which is not followed; its folders may be
 * links.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}/bytes`
 * unwrap(await writeAtomically(path, Uint8Array.of(1, 2, 3))()) // → undefined
 * unwrap(await readBytes(path)()) // → [1, 2, 3]
 */
export const writeAtomically = (path: string, content: Uint8Array | string): Task<void> =>
  onFile(path, 'a file to write', async () => {
    if (typeof content !== 'string' && !ArrayBuffer.isView(content))
      raise('ConfigError', {
        where: `writeAtomically: ${path}`,
        expected: 'bytes or a text',
        actual: typeof content === 'function' ? 'work that was not run' : show(content),
        hint: 'give the result of work: await nf.run(encodePng(picture))',
      });
    await replace(path, (handle) => handle.writeFile(content));
  });

const lineOf = argument('appendLine: line', t.string, 'give a text');

/**
 * Adds a line to a text file, or makes the file. A line that does not fit on the disk is not written partially. Fails
 * with `FileError`, also if the path is a symbolic link or a device.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}.jsonl`
 * unwrap(await writeAtomically(path, '{"step":0}\n')())
 * unwrap(await appendLine(path, '{"step":1}')())
 * new TextDecoder().decode(unwrap(await readBytes(path)())) // → '{"step":0}\n{"step":1}\n'
 */
export const appendLine = (path: string, line: string): Task<void> =>
  onFile(path, 'a file to append to', async () => {
    lineOf.demand(line);
    const { dirname, open } = node();
    await makeFolder(dirname(path));
    await ownFile(path);
    const handle = await open(path, 'a');
    try {
      const { size } = await handle.stat();
      await handle.writeFile(`${line}\n`).catch(async (thrown: unknown) => {
        await handle.truncate(size).catch(() => undefined); // report the first failure
        throw thrown;
      });
    } finally {
      await handle.close();
    }
  });

/**
 * Flushes a file to the disk, so that its content is kept even if the power fails. Fails with `FileError`, also if the
 * path is a symbolic link.
 */
export const syncFile = (path: string): Task<void> =>
  onFile(path, 'a file to write', async () => {
    await ownFile(path);
    const handle = await node().open(path, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  });

/**
 * Removes the lines of a text file that `keep` rejects, and an incomplete last line. Rewrites the file completely or
 * not at all, and only if a line is removed. A missing file is not an error. Fails with `FileError`, also if the path is
 * a symbolic link.
 */
export const keepLines = (path: string, keep: (line: string) => boolean): Task<void> =>
  onFile(path, 'a file to trim', async () => {
    if ((await ownFile(path)) === null) return;
    const text = new TextDecoder().decode(orRaise(await readBytes(path)()));
    const lines = text.split('\n').slice(0, -1);
    const rest = lines
      .filter(keep)
      .map((line) => `${line}\n`)
      .join('');
    if (rest !== text) await replace(path, (handle) => handle.writeFile(rest));
  });
