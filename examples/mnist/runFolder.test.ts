import { chdir, cwd } from 'node:process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { either as E } from 'fp-ts';
import type { NoisefoldError } from 'noisefold/dsl';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Config } from './config.js';
import type { Options } from './options.js';
import { recipe, settings } from './recipe.js';
import { filesOf, openRun, type Run, writeConfig } from './runFolder.js';

const config: Config = { ...settings, recipe };
const options: Options = { out: null, resume: false, help: false, given: {} };

const home = cwd();
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'noisefold-folder-'));
  chdir(folder);
});
afterEach(async () => {
  chdir(home);
  await rm(folder, { recursive: true });
});

const opened = async (more: Partial<Options>): Promise<string> =>
  E.match(
    ({ _tag: tag, message }: NoisefoldError) => `${tag}: ${message}`,
    (run: Run) => run.folder,
  )(await openRun(config)({ ...options, ...more })());

const began = async (path: string): Promise<void> => {
  const run = await openRun(config)({ ...options, out: path })();
  if (E.isRight(run)) await writeConfig(run.right)();
};

describe('the folder of a run', () => {
  test('is runs/mnist, then one after the last', async () => {
    expect(await opened({})).toBe(join('runs', 'mnist'));
    await began('runs/mnist');
    expect(await opened({})).toBe(join('runs', 'mnist-2'));
    for (const name of ['mnist-9', 'mnist-10', 'mnist-x', 'mnist-011', 'other']) await mkdir(join('runs', name));
    expect(await opened({})).toBe(join('runs', 'mnist-11'));
  });

  test('is the one that is named, also if it holds other things', async () => {
    await writeFile('notes.txt', 'mine');
    expect(await opened({ out: '.' })).toBe('.');
  });

  test.each(Object.values(filesOf('x')))('is refused where it holds %s', async (path) => {
    await mkdir('x');
    await writeFile(path, 'precious');
    expect(await opened({ out: 'x' })).toMatch(
      /^ConfigError: --out x: .* add --resume to go on with it, or name another folder$/,
    );
  });

  test('of a run that goes on is the one that is named, or the latest', async () => {
    await began('runs/mnist');
    await began('runs/mnist-2');
    expect(await opened({ resume: true })).toBe(join('runs', 'mnist-2'));
    expect(await opened({ resume: true, out: 'runs/mnist' })).toBe('runs/mnist');
  });

  test('of a run that goes on has to be there', async () => {
    expect(await opened({ resume: true })).toBe(
      'ConfigError: --resume: expected a run in runs, got none; name its folder with --out, or leave --resume out to begin one',
    );
    await mkdir('x');
    expect(await opened({ resume: true, out: 'x' })).toBe(
      'ConfigError: --resume: expected a run in x, got no config.json there; leave --resume out to begin a run, or name the folder of one with --out',
    );
  });

  test('is not made before the run begins', async () => {
    await opened({});
    await opened({ out: 'y' });
    expect(await readdir('.')).toEqual([]);
  });
});
