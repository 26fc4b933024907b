import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test, vi } from 'vitest';
import { bundled } from '../../bundled.js';
import { testPage, workIn } from './page.js';

const file = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'noisefold-scale-'));
workIn(folder); // which the programs of a model of your own write to
symlinkSync(file('node_modules'), join(folder, 'node_modules'));
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');

// the package has the program of its workers; the sources are bundled
const worker = join(folder, 'main.mjs');
writeFileSync(worker, await bundled(new URL('../../../src/cli/main.ts', import.meta.url), { node: true }));

// the worker of the page is compiled, as a reader does
const page = readFileSync(file('docs/scale.md'), 'utf8');
for (const name of ['model.ts', 'worker.ts'])
  writeFileSync(join(folder, name), page.split('```').find((block) => block.startsWith(`ts\n// ${name}\n`))!.slice(3)); // oxfmt-ignore
writeFileSync(join(folder, 'worker.js'), await bundled(pathToFileURL(join(folder, 'worker.ts')), { node: true }));

const said = vi.spyOn(console, 'error').mockReturnValue(undefined);
const line = page.slice(0, page.indexOf('```ts\n// model.ts\n')).split('\n').length;
testPage('docs/scale.md', (text) =>
  text
    .replaceAll('local({ processes: 2 })', `local({ processes: 2, worker: '${worker}' })`)
    .replaceAll("'./model.js'", `'./line-${line}.js'`)
    .replace('export const mine', 'const mine'),
);

test('a worker that nobody started says what it needs', () => {
  const hint = 'give queue: { url }, or start it by local({ worker })';
  expect(said.mock.calls).toEqual([[expect.stringContaining(hint)]]);
});
