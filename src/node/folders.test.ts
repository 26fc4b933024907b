import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { failure, type NoisefoldError } from '../internal/errors.js';
import { E, TE } from '../internal/fp.js';
import { writeAtomically } from './files.js';
import { writeFolder } from './folders.js';

const root = mkdtempSync(`${tmpdir()}/noisefold-folders-`);
afterAll(() => rmSync(root, { recursive: true }));
const path = `${root}/made`;
beforeEach(() => rmSync(path, { recursive: true, force: true }));

const written = (folder: string) => writeAtomically(`${folder}/part/a.txt`, 'a');
const broken = failure('ConfigError', { where: 'here', expected: 'a', actual: 'b', hint: 'c' });

describe('a folder that is written', () => {
  test('has its files, whether it was empty or missing before', async () => {
    for (const before of [() => undefined, () => mkdirSync(path)]) {
      rmSync(path, { recursive: true, force: true });
      before();
      expect(await writeFolder(path, written)()).toEqual(E.right(undefined));
      expect(readFileSync(`${path}/part/a.txt`, 'utf8')).toBe('a');
      expect(readdirSync(root)).toEqual(['made']);
    }
  });

  test('does not exist after an error or an exception, and leaves no temporary folder', async () => {
    const failing = (folder: string) =>
      TE.flatMap((): TE.TaskEither<NoisefoldError, void> => TE.left(broken))(written(folder));
    expect(await writeFolder(path, failing)()).toEqual(E.left(broken));
    const throwing = () => async () => {
      throw new Error('a defect');
    };
    await expect(writeFolder(path, throwing)()).rejects.toThrow('a defect');
    expect(readdirSync(root)).toEqual([]);
  });

  test('does not replace one that has a file', async () => {
    mkdirSync(path);
    writeFileSync(`${path}/mine`, '');
    expect(await writeFolder(path, written)()).toMatchObject({
      left: {
        _tag: 'FileError',
        where: path,
        actual: 'ENOTEMPTY: it holds mine',
        hint: 'give the path of a new or empty folder',
      },
    });
    expect(readdirSync(path)).toEqual(['mine']);
  });

  test('does not replace one that got a file in the meantime', async () => {
    const racing = (folder: string) =>
      TE.flatMap(() =>
        TE.fromIO(() => {
          mkdirSync(path);
          writeFileSync(`${path}/theirs`, '');
        }),
      )(written(folder));
    expect(await writeFolder(path, racing)()).toMatchObject({ left: { _tag: 'FileError' } });
    expect(readdirSync(root)).toEqual(['made']);
    expect(readdirSync(path)).toEqual(['theirs']);
  });

  test('removes the temporary folders of a killed process, but not those of a live one', async () => {
    const [dead, living] = [`${root}/.made.99999999.0a-1.tmp`, `${root}/.made.${process.pid}.0b-2.tmp`];
    for (const folder of [dead, living]) mkdirSync(`${folder}/part`, { recursive: true });
    await writeFolder(path, written)();
    expect([existsSync(dead), existsSync(living)]).toEqual([false, true]);
    rmSync(living, { recursive: true });
  });

  test('is refused in place of a file', async () => {
    writeFileSync(path, '');
    expect(await writeFolder(path, written)()).toMatchObject({ left: { _tag: 'FileError', where: path } });
    expect(readFileSync(path, 'utf8')).toBe('');
  });
});
