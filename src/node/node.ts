/** Node's modules, and the errors of work that uses files. */
import { task, type Task } from '../dsl/run/effect.js';
import { errorIn, failure } from '../internal/errors.js';
import { F, TE } from '../internal/fp.js';

const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'check the path',
  ENOTDIR: 'check the path: a part of it is a file',
  EISDIR: 'give the path of a file, this is a folder',
  EEXIST: 'give the path of a regular file, or a path that does not exist',
  ENOTEMPTY: 'give the path of a new or empty folder',
  ENXIO: 'give the path of a regular file, not of a pipe, a socket or a device',
  ELOOP: 'give the path of the file that the link points to',
  EACCES: 'check the permissions of the file and of its folder',
  EPERM: 'check the permissions of the file and of its folder',
  EROFS: 'give a path on a file system that can be written',
  ENOSPC: 'free some space on the disk',
  EDQUOT: 'free some of your quota of the disk',
  EFBIG: 'give a smaller file; Node 22 and later hold larger ones',
  EMFILE: 'close some files: the process has too many open',
  ERR_INVALID_ARG_TYPE: 'give the path as a string',
  ERR_INVALID_ARG_VALUE: 'give a path without null characters',
  ENOSYS: 'take the bytes instead (encodeCheckpoint, encodePng): only Node has files',
};

/**
 * Node's modules, loaded when a file is used, because browsers import this module too and have no files.
 *
 * @internal - so that our declarations do not contain the types of Node
 */
export const node = () => {
  const builtin = typeof process === 'undefined' ? undefined : process.getBuiltinModule;
  if (builtin === undefined) throw Object.assign(new Error('ENOSYS: no file system here'), { code: 'ENOSYS' });
  const { readFileSync, rmSync } = builtin('node:fs');
  const { hostname } = builtin('node:os');
  return { ...builtin('node:fs/promises'), ...builtin('node:path'), hostname, readFileSync, rmSync };
};

export const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';

/** `ENOSPC: no space left on device, write` without the name of the system call. */
const reasonOf = (thrown: unknown): string =>
  thrown instanceof Error ? (thrown.message.split(',')[0] ?? thrown.message) : String(thrown);

/**
 * Turns an exception of an effect on a file into a `FileError` with the path, the reason and a hint; raised errors are
 * kept.
 */
export const onFile = <A>(path: string, expected: string, work: () => Promise<A>): Task<A> =>
  F.pipe(
    TE.tryCatch(
      work,
      (thrown) =>
        errorIn(thrown) ??
        failure('FileError', {
          where: path,
          expected,
          actual: reasonOf(thrown),
          hint: ADVICE[codeOf(thrown)] ?? 'check the disk',
        }),
    ),
    task,
  );

/** Returns `otherwise` if an effect fails with one of these codes. */
export const recover =
  <A>(codes: readonly string[], otherwise: A) =>
  (thrown: unknown): A => {
    if (codes.includes(codeOf(thrown))) return otherwise;
    throw thrown;
  };
