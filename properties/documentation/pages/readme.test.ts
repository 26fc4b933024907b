import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The TypeScript blocks of the README that are whole programs. */
const programs = readFileSync(`${root}README.md`, 'utf8')
  .split('```ts\n')
  .slice(1)
  .map((text) => text.split('```')[0]!)
  .filter((code) => code.startsWith('import'));

const example = (name: string): string => readFileSync(`${root}examples/${name}/main.ts`, 'utf8');

/** Runs a program with some of its text replaced, and returns its exports. */
const run = async (
  name: string,
  changes: readonly (readonly [from: string | RegExp, to: string])[],
): Promise<Readonly<Record<string, unknown>>> => {
  const changed = changes.reduce((code, [from, to]) => {
    expect(code).toMatch(from);
    return code.replace(from, to);
  }, example(name));
  const file = `${root}.cache/${name}-${process.pid}.ts`;
  mkdirSync(`${root}.cache`, { recursive: true });
  writeFileSync(file, changed);
  try {
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } finally {
    rmSync(file);
  }
};

test('the README’s programs are the examples, of at most 30 lines', () => {
  expect(programs).toEqual([example('plain'), example('first'), example('descent')]);
  for (const code of programs)
    expect(code.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(30);
});

test('the program with fp-ts draws digits (after two steps)', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'noisefold-'));
  const picture = join(folder, 'digits.png');
  const { result } = await run('first', [
    ['data/train', 'data/t10k'],
    ['steps: 600', 'steps: 2'],
    ['grid: 25', 'grid: 2'],
    ['batch: 16', 'batch: 2'],
    ['base: 16, multipliers: [1, 2, 4]', 'base: 8, multipliers: [1, 2]'],
    ["'digits.png'", JSON.stringify(picture)],
    [/void digits\(\)\.then\(.*\);/, 'export const result = await digits();'],
  ]);
  expect(result).toMatchObject({ _tag: 'Right' });
  expect(statSync(picture).size).toBeGreaterThan(100);
  rmSync(folder, { recursive: true });
});

test('the first program draws digits without fp-ts (after two steps)', async () => {
  expect(example('plain')).not.toContain('fp-ts');
  const folder = mkdtempSync(join(tmpdir(), 'noisefold-'));
  const picture = join(folder, 'digits.png');
  await run('plain', [
    ['data/train', 'data/t10k'],
    ['steps: 600', 'steps: 2'],
    ['grid: 25', 'grid: 2'],
    ['batch: 16', 'batch: 2'],
    ['base: 16, multipliers: [1, 2, 4]', 'base: 8, multipliers: [1, 2]'],
    ["'digits.png'", JSON.stringify(picture)],
  ]);
  expect(statSync(picture).size).toBeGreaterThan(100);
  rmSync(folder, { recursive: true });
});

test('the third finds the weights of its data', async () => {
  const { weights } = await run('descent', [
    [/console\.log\(await nf\.run\(read\(w\)\)\);.*/, 'export const weights = await nf.run(read(w));'],
  ]);
  const [a, b] = Array.from(weights as Float32Array);
  expect(a).toBeCloseTo(0.5, 3);
  expect(b).toBeCloseTo(-0.25, 3);
});
