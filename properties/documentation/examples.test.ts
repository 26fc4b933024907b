import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type Example, moduleOf, publicExamples, publicTypes } from './examples.js';

const folder = fileURLToPath(new URL('../../.cache/examples/', import.meta.url));
const exported = publicExamples();
const known = [...exported, ...publicTypes()];

const examples = exported.flatMap(({ entry, name, code }) =>
  code === null ? [] : [{ entry, name, file: `${folder}${entry.replace('/', '-')}/${name}.ts`, code }],
);

rmSync(folder, { recursive: true, force: true });
for (const example of examples) {
  mkdirSync(dirname(example.file), { recursive: true });
  writeFileSync(example.file, moduleOf(example, known));
}

test('every public value has an example', () => {
  const without = exported.filter(({ code }) => code === null);
  expect(without.map(({ entry, name }: Example) => `${entry}: ${name}`)).toEqual([]);
});

test('the examples compile, to the types that they say', () => {
  writeFileSync(
    `${folder}tsconfig.json`,
    JSON.stringify({
      extends: '../../tsconfig.json',
      compilerOptions: { verbatimModuleSyntax: false },
      include: ['.'],
    }),
  );
  const compiler = fileURLToPath(new URL('../../node_modules/typescript-7/lib/tsc.js', import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

describe('runs, and gives what it says', () => {
  test.each(examples)('$entry: $name', ({ file }) => import(pathToFileURL(file).href));
});
