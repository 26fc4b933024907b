import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';
import { publicName, publicNames, watchingModuleOf } from './examples.js';
import { wrongCalls } from './watch.js';

const folder = fileURLToPath(new URL(`../../.cache/wrong-${process.pid}/`, import.meta.url));
const examples = publicNames().flatMap(({ entry, name, example, isValue }) =>
  example === null || !isValue || entry.startsWith('backends') || entry === 'laws'
    ? []
    : [{ entry, name, file: `${folder}${entry.replace('/', '-') || 'noisefold'}/${name}.ts`, example }],
);
mkdirSync(`${folder}tmp`, { recursive: true });
vi.stubEnv('TMPDIR', `${folder}tmp`);
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test('exported functions answer wrong kinds of arguments', async () => {
  for (const { entry, file, example, name } of examples) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, watchingModuleOf(example, publicName(entry), name));
    try {
      await import(pathToFileURL(file).href);
    } catch (thrown) {
      console.log(name, String(thrown).slice(0, 200));
    }
  }
  const all = await wrongCalls();
  const count = (what: string) => all.filter(({ outcome }) => outcome === what).length;
  console.log(['error', 'raw', 'success', 'later'].map((what) => `${what}: ${count(what)}`).join(', '));
  writeFileSync('/tmp/wrong-d.json', JSON.stringify(all));
  expect(all.length).toBeGreaterThan(0);
}, 600_000);
