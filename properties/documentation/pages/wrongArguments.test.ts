import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';
import { notAsked } from '../../asked.js';
import { skippedFor } from '../../skips.js';
import { publicName, publicNames, watchingModuleOf } from '../examples.js';
import { isDoor } from './doors.js';
import { isLegitimate, isUnwatched, unneeded } from './legitimate.js';
import { type Outcome, type WrongCall, wrongCalls } from '../watch.js';

const folder = fileURLToPath(new URL(`../../../.cache/wrong-${process.pid}/`, import.meta.url));
const watchedExamples = () =>
  publicNames().flatMap(({ entry, name, example, isValue }) =>
    example === null || !isValue || !isDoor(name) || entry.startsWith('backends') || entry === 'laws'
      ? []
      : [{ entry, name, file: `${folder}${entry.replace('/', '-') || 'noisefold'}/${name}.ts`, example }],
  );
mkdirSync(`${folder}tmp`, { recursive: true });
vi.stubEnv('TMPDIR', `${folder}tmp`);
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const shown = ({ name, position, kind, text }: WrongCall): string => `${name}, argument ${position}, ${kind}: ${text}`;

test('doors answer wrong kinds of arguments', skippedFor(notAsked), async () => {
  const examples = watchedExamples();
  for (const { entry, file, example, name } of examples) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, watchingModuleOf(example, publicName(entry), name));
    // a wrong call may leave a state that the example does not expect, such as a folder that it holds
    await import(pathToFileURL(file).href).catch(() => undefined);
  }
  const all = await wrongCalls();
  const having = (outcome: Outcome) => all.filter((call) => call.outcome === outcome);
  const counts = (['error', 'raw', 'success', 'later'] as const).map((what) => `${what}: ${having(what).length}`);
  console.log(
    `${all.length} wrong calls of ${new Set(all.map(({ name }) => name)).size} functions: ${counts.join(', ')}`,
  );
  expect(all.length).toBeGreaterThan(2000);
  const called = new Set(all.map(({ name }) => name));
  // an example that does not run would call nothing
  expect(examples.filter(({ name }) => called.has(name) === isUnwatched(name)).map(({ name }) => name)).toEqual([]);
  expect(unneeded(having('success'))).toEqual([]);
  expect(having('raw').map(shown)).toEqual([]);
  expect(
    having('success')
      .filter((call) => !isLegitimate(call))
      .map(shown),
  ).toEqual([]);
});
