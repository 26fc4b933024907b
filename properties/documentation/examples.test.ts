import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { moduleOf, publicName, publicNames } from './examples.js';

const folder = fileURLToPath(new URL(`../../.cache/examples-${process.pid}/`, import.meta.url));
const names = publicNames();

const examples = names.flatMap(({ entry, name, example }) =>
  example === null
    ? []
    : [{ entry, name, file: `${folder}${entry.replace('/', '-') || 'noisefold'}/${name}.ts`, example }],
);

for (const { entry, file, example } of examples) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, moduleOf(example, publicName(entry)));
}

// temporary files of the examples are removed with the folder
mkdirSync(`${folder}tmp`);
vi.stubEnv('TMPDIR', `${folder}tmp`);
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test('every public value has an example', () => {
  const without = names.filter(({ isValue, example }) => isValue && example === null);
  expect(without.map(({ entry, name }) => `${entry}: ${name}`)).toEqual([]);
});

test('the examples compile to the types that they claim', () => {
  writeFileSync(
    `${folder}tsconfig.json`,
    JSON.stringify({
      extends: '../../tsconfig.json',
      compilerOptions: { verbatimModuleSyntax: false },
      include: ['.'],
    }),
  );
  const compiler = fileURLToPath(new URL('../../node_modules/typescript-7/lib/tsc.js', import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', folder, '--singleThreaded'], {
    encoding: 'utf8',
  });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

describe('runs, and its claims hold', () => {
  test.each(examples)('$entry: $name', ({ file }) => import(pathToFileURL(file).href));
});
