import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');
const first = readFileSync(`${root}examples/first/main.ts`, 'utf8');

/** The README's first block of TypeScript. */
const code = readme.split('```ts\n')[1]!.split('```')[0]!;

test('the README’s first program is examples/first, in at most 30 lines', () => {
  expect(code).toBe(first);
  expect(code.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(30);
});

test('it runs, and writes its picture (of two steps)', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'noisefold-'));
  const picture = join(folder, 'digits.png');
  const quick = [
    ['steps: 400', 'steps: 2'],
    ['ddim(25)', 'ddim(2)'],
    ['batch: 32', 'batch: 2'],
    ["'digits.png'", JSON.stringify(picture)],
    [/void digits\(\)\.then\(.*\);/, 'export const result = await digits();'],
  ] as const;
  const changed = quick.reduce((code, [from, to]) => {
    expect(code).toMatch(from);
    return code.replace(from, to);
  }, first);
  const file = `${root}.cache/first.ts`;
  mkdirSync(`${root}.cache`, { recursive: true });
  writeFileSync(file, changed);
  const { result } = (await import(pathToFileURL(file).href)) as { readonly result: unknown };
  expect(result).toMatchObject({ _tag: 'Right' });
  expect(statSync(picture).size).toBeGreaterThan(100);
  rmSync(folder, { recursive: true });
});
