import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type * as FileSystem from 'node:fs/promises';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { afterEach, beforeEach, describe, expect, vi } from 'vitest';
import type { NoisefoldError } from '../internal/errors.js';
import { E, type taskEither } from '../internal/fp.js';
import { appendLine, fileExists, keepLines, readBytes, readPieces, syncFile, writeAtomically } from './files.js';
import { skippedFor } from '../../properties/skips.js';

const absent = (path: string): string => (existsSync(path) ? '' : `there is no ${path}`);
const noDevice = absent('/dev/full');
const noPipes = process.platform === 'win32' ? 'Windows has no named pipes among its files' : '';

/** The injected failures, by the step that fails. */
const failures = new Map<'open' | 'write' | 'sync' | 'rename', NodeJS.ErrnoException>();

/** The limit of a file for readFile, and of one read: a small stand-in for Node's 2 GiB. */
const NODE_LIMIT = 2 ** 17;

/** Node's file system, in which a step may fail, with a size limit that tests can reach. */
const failing = (actual: typeof FileSystem) => {
  const fail = async (step: 'open' | 'write' | 'sync' | 'rename'): Promise<void> => {
    const error = failures.get(step);
    if (error !== undefined) throw error;
  };
  return {
    ...actual,
    readFile: async (...args: Parameters<typeof actual.readFile>) => {
      const content = await actual.readFile(...args);
      if (content.length > NODE_LIMIT) throw systemError('ERR_FS_FILE_TOO_LARGE', 'File size is greater than 2 GiB');
      return content;
    },
    rename: async (...paths: Parameters<typeof actual.rename>) => {
      await fail('rename');
      return actual.rename(...paths);
    },
    open: async (...args: Parameters<typeof actual.open>) => {
      const toRead = args[1] === 'r' || typeof args[1] === 'number';
      if (!toRead) await fail('open');
      const handle = await actual.open(...args);
      const { writeFile: write, sync } = handle;
      const read = handle.read.bind(handle);
      return Object.assign(handle, {
        // the disk is full after half of the data
        writeFile: async (content: string | Uint8Array) => {
          await write.call(handle, failures.has('write') ? content.slice(0, content.length / 2) : content);
          await fail('write');
        },
        // never writes everything at once, as Linux does for large data
        read: (buffer: Uint8Array, offset = 0, length = buffer.length - offset, position: number | null = null) =>
          read(buffer, offset, Math.min(length, NODE_LIMIT), position),
        sync: async () => {
          if (!toRead) await fail('sync');
          await sync.call(handle);
        },
      });
    },
  };
};
const builtin = process.getBuiltinModule;

let folder = '';
beforeEach(async () => {
  vi.spyOn(process, 'getBuiltinModule').mockImplementation(((name: string) =>
    name === 'node:fs/promises'
      ? failing(builtin('node:fs/promises'))
      : builtin(name)) as typeof process.getBuiltinModule);
  folder = await mkdtemp(join(tmpdir(), 'noisefold-files-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  failures.clear();
  await rm(folder, { recursive: true });
});

const succeed = async <A>(effect: taskEither.TaskEither<NoisefoldError, A>): Promise<A> =>
  E.getOrElse((error: NoisefoldError): A => {
    throw new Error(error.message);
  })(await effect());

const messageOf = async (effect: taskEither.TaskEither<NoisefoldError, unknown>): Promise<string> =>
  E.match(
    ({ _tag: tag, message }: NoisefoldError) => `${tag} ${message}`,
    () => 'no error',
  )(await effect());

const systemError = (code: string, text: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${code}: ${text}, write`), { code });

describe('writeAtomically', () => {
  test.each([
    [() => undefined, 'work that was not run'],
    [E.right(Uint8Array.of(1)), 'an Either'],
    [{ data: 1 }, 'an object'],
  ])('of %o is an error', async (content, actual) => {
    const path = join(tmpdir(), 'never-written');
    expect(await writeAtomically(path, content as never)()).toMatchObject({
      left: { _tag: 'ConfigError', where: `writeAtomically: ${path}`, expected: 'bytes or a text', actual },
    });
    expect(existsSync(path)).toBe(false);
  });

  test.prop([fc.uint8Array({ maxLength: 1000 }), fc.uint8Array({ maxLength: 1000 })], { numRuns: 20 })(
    'the last written content is read',
    async (first, second) => {
      const parent = join(await mkdtemp(join(folder, 'run-')), 'new', 'folders');
      const path = join(parent, 'x.bin');
      await succeed(writeAtomically(path, first));
      await succeed(writeAtomically(path, second));
      expect(new Uint8Array(await succeed(readBytes(path)))).toEqual(second);
      expect(await readdir(parent)).toEqual(['x.bin']);
    },
  );

  describe.each(['open', 'write', 'sync', 'rename'] as const)('when %s fails', (step) => {
    test.each([
      ['ENOSPC', 'no space left on device', 'free some space on the disk'],
      ['EACCES', 'permission denied', 'check the permissions of the file and of its folder'],
      ['EROFS', 'read-only file system', 'give a path on a file system that can be written'],
      ['EIO', 'i/o error', 'check the disk'],
    ])(
      '%s: the old file is intact, no temporary file is left, and the error has a hint',
      async (code, text, advice) => {
        const path = join(folder, 'x.bin');
        await succeed(writeAtomically(path, 'old'));
        failures.set(step, systemError(code, text));
        expect(await messageOf(writeAtomically(path, 'new content'))).toBe(
          `FileError ${path}: expected a file to write, got ${code}: ${text}; ${advice}`,
        );
        expect(await readFile(path, 'utf8')).toBe('old');
        expect(await readdir(folder)).toEqual(['x.bin']);
        failures.clear();
        await succeed(writeAtomically(path, 'new content'));
        expect(await readFile(path, 'utf8')).toBe('new content');
      },
    );
  });

  test('a folder that is a file, or a file that is a folder', async () => {
    await writeFile(join(folder, 'file'), '');
    expect(await messageOf(writeAtomically(join(folder, 'file', 'x'), ''))).toMatch(
      /^FileError .*ENOTDIR.*check the path/,
    );
    expect(await messageOf(writeAtomically(folder, ''))).toMatch(/got something that is not a regular file/);
  });

  test('a device is not replaced', skippedFor(noDevice), async () => {
    expect(await messageOf(writeAtomically('/dev/full', 'x'))).toMatch(/got something that is not a regular file/);
    expect(existsSync('/dev/full')).toBe(true);
  });

  test('a symbolic link is neither followed nor replaced', async () => {
    await writeFile(join(folder, 'target'), 'old');
    await symlink(join(folder, 'target'), join(folder, 'latest'));
    expect(await messageOf(writeAtomically(join(folder, 'latest'), 'new'))).toMatch(
      /expected a file to write, got a symbolic link; give the path of the file that the link points to$/,
    );
    expect(await readFile(join(folder, 'target'), 'utf8')).toBe('old');
    expect((await readdir(folder)).sort()).toEqual(['latest', 'target']);
  });

  test('a folder that is a symbolic link is followed', async () => {
    await mkdir(join(folder, 'runs'));
    await symlink(join(folder, 'runs'), join(folder, 'latest'));
    await succeed(writeAtomically(join(folder, 'latest', 'x'), 'new'));
    expect(await readFile(join(folder, 'runs', 'x'), 'utf8')).toBe('new');
  });

  test.each(['600', '640', '4755', '2750', '1644', '7777'])('a file keeps its mode, %s', async (octal) => {
    const path = join(folder, 'x');
    await writeFile(path, 'old');
    await chmod(path, octal);
    const { mode } = await stat(path); // a system may not allow all of these bits
    await succeed(writeAtomically(path, 'new'));
    expect((await stat(path)).mode.toString(8)).toBe(mode.toString(8));
    expect(await readFile(path, 'utf8')).toBe('new');
  });

  test('concurrent writes of one file do not mix: the file has the content of one of them', async () => {
    const contents = Array.from({ length: 8 }, (_, i) => new Uint8Array(2 ** 20).fill(i));
    await Promise.all(contents.map((content) => succeed(writeAtomically(join(folder, 'x'), content))));
    const actual = await readFile(join(folder, 'x'));
    expect(contents.some((content) => Buffer.compare(actual, content) === 0)).toBe(true);
    expect(await readdir(folder)).toEqual(['x']);
  });

  test('removes the temporary files that a killed process left for this file, and no others', async () => {
    const dead = 2 ** 22 + 1; // above Linux's greatest process id
    for (const name of [`.x.${dead}.0f.tmp`, `.y.${dead}.0f.tmp`, `.x.${process.ppid}.0f.tmp`, '.x.tmp'])
      await writeFile(join(folder, name), 'half');
    await succeed(writeAtomically(join(folder, 'x'), 'whole'));
    expect((await readdir(folder)).sort()).toEqual(
      ['.x.tmp', `.x.${process.ppid}.0f.tmp`, `.y.${dead}.0f.tmp`, 'x'].sort(),
    );
  });
});

describe('readBytes and fileExists', () => {
  test('no file', async () => {
    const path = join(folder, 'none');
    expect(await succeed(fileExists(path))).toBe(false);
    expect(await succeed(fileExists(join(path, 'deeper')))).toBe(false);
    expect(await messageOf(readBytes(path))).toBe(
      `FileError ${path}: expected a file to read, got ENOENT: no such file or directory; check the path`,
    );
  });

  test('a file larger than one read, or than readFile takes', async () => {
    const content = Uint8Array.from({ length: 3 * NODE_LIMIT + 5 }, (_, i) => i % 251);
    await succeed(writeAtomically(join(folder, 'x'), content));
    expect(Buffer.compare(await succeed(readBytes(join(folder, 'x'))), content)).toBe(0);
  });

  test('a file whose reported size is 0', skippedFor(absent('/proc/self/stat')), async () => {
    expect(new TextDecoder().decode(await succeed(readBytes('/proc/self/stat')))).toMatch(
      new RegExp(`^${process.pid} `),
    );
  });

  test('a file that does not fit in memory', async () => {
    await writeFile(join(folder, 'x'), '');
    await truncate(join(folder, 'x'), 2 ** 43); // sparse, so that it takes no space on the disk
    expect(await messageOf(readBytes(join(folder, 'x')))).toBe(
      `FileError ${join(folder, 'x')}: expected a file to read, got EFBIG: ${2 ** 43} bytes are more than fit in memory; give a smaller file; Node 22 and later hold larger ones`,
    );
  });

  test('a pipe is an error whose hint is about reading', skippedFor(noPipes), async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const message = `FileError ${path}: expected a file to read, got something that is not a regular file; give the path of a regular file, not of a pipe, a socket or a device`;
    expect(await messageOf(readBytes(path))).toBe(message);
    // reading in pieces also fails, which would otherwise wait for a writer
    expect(await messageOf(async () => (await readPieces(path).next()).value!)).toBe(message);
  });

  test('an invalid path', async () => {
    expect(await messageOf(readBytes('a\0b'))).toMatch(/; give a path without null characters$/);
    expect(await messageOf(readBytes(undefined as never))).toMatch(/; give the path as a string$/);
  });

  test('a folder is an error, unlike a missing file', async () => {
    expect(await messageOf(fileExists(folder))).toMatch(/got something that is not a regular file; give the path of a/);
    expect(await messageOf(readBytes(folder))).toMatch(/EISDIR.*give the path of a file, this is a folder$/);
  });

  test('a file', async () => {
    await writeFile(join(folder, 'x'), 'abc');
    expect(await succeed(fileExists(join(folder, 'x')))).toBe(true);
  });
});

describe('a log', () => {
  const path = () => join(folder, 'run', 'metrics.jsonl');

  test('grows by lines', async () => {
    for (const line of ['a', 'b', 'c']) await succeed(appendLine(path(), line));
    expect(await readFile(path(), 'utf8')).toBe('a\nb\nc\n');
  });

  test('a line that does not fit on the disk is not written partially', async () => {
    await succeed(appendLine(path(), 'first'));
    failures.set('write', systemError('ENOSPC', 'no space left on device'));
    expect(await messageOf(appendLine(path(), 'a long line'))).toMatch(/free some space on the disk$/);
    failures.clear();
    await succeed(appendLine(path(), 'second'));
    expect(await readFile(path(), 'utf8')).toBe('first\nsecond\n');
  });

  test('that is a device is refused', skippedFor(noDevice), async () => {
    expect(await messageOf(appendLine('/dev/full', 'x'))).toMatch(
      /^FileError \/dev\/full: expected a file to append to, got something that is not a regular file; /,
    );
  });

  test.each([
    ['appendLine', (at: string) => appendLine(at, 'x')],
    ['keepLines', (at: string) => keepLines(at, () => false)],
    ['syncFile', syncFile],
  ])('that is a symbolic link is not followed by %s', async (_name, change) => {
    await writeFile(join(folder, 'other'), 'kept\n');
    await symlink(join(folder, 'other'), join(folder, 'log'));
    expect(await messageOf(change(join(folder, 'log')))).toMatch(/got a symbolic link; /);
    expect(await readFile(join(folder, 'other'), 'utf8')).toBe('kept\n');
  });

  test('keeps the accepted lines, and no incomplete line', async () => {
    for (const line of ['1', '2', 'torn', '3', '4']) await succeed(appendLine(path(), line));
    await writeFile(path(), `${await readFile(path(), 'utf8')}1`);
    await succeed(keepLines(path(), (line) => Number(line) < 4));
    expect(await readFile(path(), 'utf8')).toBe('1\n2\n3\n');
  });

  test('a log with nothing to drop is not rewritten; a missing log stays missing', async () => {
    await succeed(keepLines(path(), () => true));
    expect(await succeed(fileExists(path()))).toBe(false);
    await succeed(appendLine(path(), 'a'));
    failures.set('open', systemError('EROFS', 'read-only file system'));
    await succeed(keepLines(path(), () => true));
    expect(await messageOf(keepLines(path(), () => false))).toMatch(/^FileError .*EROFS/);
  });

  test.prop([fc.array(fc.nat(20)), fc.nat(20), fc.string()], { numRuns: 30 })(
    'after a resume, the log is that of an uninterrupted run',
    async (steps, resumeAt, torn) => {
      const ordered = steps.sort((a, b) => a - b);
      const log = join(folder, 'log');
      await writeFile(log, ordered.map((step) => `${step}\n`).join('') + torn.replaceAll('\n', ''));
      await succeed(keepLines(log, (line) => Number(line) < resumeAt));
      for (const step of ordered) if (step >= resumeAt) await succeed(appendLine(log, `${step}`));
      expect(await readFile(log, 'utf8')).toBe(ordered.map((step) => `${step}\n`).join(''));
    },
  );
});

test('without Node, a file is an error that says what to do', async () => {
  vi.stubGlobal('process', undefined);
  const message = await messageOf(readBytes('x.bin')).finally(() => vi.unstubAllGlobals());
  expect(message).toBe(
    'FileError x.bin: expected a file to read, got ENOSYS: no file system here; take the bytes instead (encodeCheckpoint, encodePng): only Node has files',
  );
});
