import { chdir, cwd } from 'node:process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { either as E } from 'fp-ts';
import { key } from 'noisefold/dsl';
import { saveCheckpoint, type Snapshot } from 'noisefold/training';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Config } from './config.js';
import type { Options } from './options.js';
import { recipe, settings } from './recipe.js';
import { filesOf, openRun, writeConfig } from './runFolder.js';

const config: Config = { ...settings, recipe };
const options: Options = { out: null, resume: false, help: false, given: {} };

const snapshot: Snapshot = { step: 0, key: key(7), batch: 16, config: null, tensors: new Map() };

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

const opened = async (more: Partial<Options>): Promise<string> => {
  const run = await openRun(config)({ ...options, ...more })();
  if (E.isLeft(run)) return `${run.left._tag}: ${run.left.message}`;
  await run.right.release();
  return run.right.path;
};

const began = async (path: string): Promise<void> => {
  const run = await openRun(config)({ ...options, out: path })();
  if (E.isLeft(run)) return;
  await writeConfig(run.right)();
  await run.right.release();
};

describe('the folder of a run', () => {
  test('is runs/mnist, then one after the last', async () => {
    expect(await opened({})).toBe(join('runs', 'mnist'));
    await began('runs/mnist');
    expect(await opened({})).toBe(join('runs', 'mnist-2'));
    for (const name of ['mnist-9', 'mnist-10', 'mnist-x', 'mnist-011', 'other']) await mkdir(join('runs', name));
    expect(await opened({})).toBe(join('runs', 'mnist-11'));
  });

  test('is the given one, also if it holds other files', async () => {
    await writeFile('notes.txt', 'mine');
    expect(await opened({ out: '.' })).toBe('.');
  });

  test.each(Object.values(filesOf('x')))('is refused if it holds %s', async (path) => {
    await mkdir('x');
    await writeFile(path, 'precious');
    expect(await opened({ out: 'x' })).toMatch(
      /^ConfigError: --out x: .* add --resume to continue it, or name another folder$/,
    );
  });

  test('of a resumed run is the given one, or the latest', async () => {
    await began('runs/mnist');
    await began('runs/mnist-2');
    const checkpoint = await saveCheckpoint(join('runs', 'mnist-2', 'checkpoint.safetensors'))(snapshot)();
    expect(checkpoint).toEqual(E.right(undefined));
    expect(await opened({ resume: true })).toBe(join('runs', 'mnist-2'));
    expect(await opened({ resume: true, out: 'runs/mnist-2' })).toBe('runs/mnist-2');
  });

  test('of a resumed run must exist', async () => {
    expect(await opened({ resume: true })).toBe(
      'ConfigError: --resume: expected a run in runs, got none; name its folder with --out, or leave --resume out to start one',
    );
    await mkdir('x');
    expect(await opened({ resume: true, out: 'x' })).toBe(
      'ConfigError: --resume: expected a run in x, got no config.json there; leave --resume out to start a run, or name the folder of one with --out',
    );
  });

  test('of a resumed run must hold a checkpoint', async () => {
    await began('x');
    expect(await opened({ resume: true, out: 'x' })).toBe(
      `FileError: ${join('x', 'checkpoint.safetensors')}: expected a checkpoint to resume from, got none: no run, or one that ended before it saved one; start again without \`resume\`, in another folder`,
    );
  });

  test('is locked while the run is open, and removed if the run writes nothing', async () => {
    const run = await openRun(config)({ ...options, out: 'y' })();
    expect(await opened({ out: 'y' })).toMatch(/^FileError: y: .*held by another run of this process/);
    if (E.isRight(run)) await run.right.release();
    await opened({ out: 'y' });
    expect(await readdir('.')).toEqual([]);
  });

  test('of a run with a deeply nested config.json is refused', async () => {
    await mkdir('x');
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    for (const text of [deep, `{"seed":${deep}}`, '{"a":'.repeat(100_000), `{"recipe":{"model":${deep}}}`]) {
      await writeFile(join('x', 'config.json'), text);
      expect(await opened({ resume: true, out: 'x' })).toMatch(/^(ConfigError|DecodeError): x\/config.json/);
    }
  });
});
