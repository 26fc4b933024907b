import { mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { unwrap } from '../../entry/unwrap.js';
import { errorIn } from '../../internal/errors.js';
import { gen } from '../../internal/gen.js';
import { checkpointsAt } from './checkpoints.js';
import { sha256 } from './job.js';

const folder = mkdtempSync(join(tmpdir(), 'noisefold-checkpoints-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  [[], 'no path', "give runWorker({ checkpoints: ['folder'] }), or npx noisefold worker --checkpoints folder"],
  [[folder], folder, 'copy the file there that the job names'],
])('a file that is not at %j is an error that says what to do', async (paths, at, hint) => {
  const digest = '0'.repeat(64);
  expect(await gen(() => checkpointsAt(paths).find(digest))().catch(errorIn)).toMatchObject({
    where: 'worker: checkpoints',
    expected: `a trained file with the SHA-256 ${digest}`,
    actual: `0 other files at ${at}`,
    hint,
  });
});

describe('a file of a worker', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((letter) => Buffer.from(letter.repeat(9)));
  const openedIn = (name: string) => {
    const path = join(folder, name);
    const { find } = checkpointsAt([folder]);
    const textOf = async (content: Uint8Array) =>
      Buffer.from(unwrap(await gen(() => find(sha256(content)))()).bytes).toString();
    return { path, textOf };
  };

  test('is found under its digest, and not under that of the bytes that it had before', async () => {
    const { path, textOf } = openedIn('written.safetensors');
    writeFileSync(path, a!);
    expect(await textOf(a!)).toBe('aaaaaaaaa');
    writeFileSync(path, b!);
    await expect(textOf(a!)).rejects.toThrow('a trained file with the SHA-256');
    expect(await textOf(b!)).toBe('bbbbbbbbb');
  });

  test('is found if it replaces another of its name, size and times', async () => {
    const { path, textOf } = openedIn('replaced.safetensors');
    writeFileSync(path, a!);
    expect(await textOf(a!)).toBe('aaaaaaaaa');
    const { atime, mtime } = statSync(path);
    writeFileSync(`${path}.new`, c!);
    utimesSync(`${path}.new`, atime, mtime);
    renameSync(`${path}.new`, path);
    expect(await textOf(c!)).toBe('ccccccccc');
  });

  test('is found in its new place', async () => {
    const { path, textOf } = openedIn('here.safetensors');
    writeFileSync(path, a!);
    expect(await textOf(a!)).toBe('aaaaaaaaa');
    renameSync(path, join(folder, 'there.safetensors'));
    expect(await textOf(a!)).toBe('aaaaaaaaa');
  });
});
