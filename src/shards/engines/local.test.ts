import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { waitFor } from '../../../properties/waiting.js';
import { unwrap } from '../../entry/unwrap.js';
import { isAlive } from '../../node/files.js';
import { local } from './local.js';

const folder = mkdtempSync(join(tmpdir(), 'noisefold-local-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A worker that is ready as soon as there is a file of its name, and never ends a job. */
const WORKER = `
import { existsSync, writeFileSync } from 'node:fs';
const file = new URL(String(process.pid), import.meta.url);
writeFileSync(file, '');
const bits = { noisefold: '1', backend: 'wasm', rounding: 'fused', engine: 'v8' };
const timer = setInterval(() => {
  if (!existsSync(file.href.slice(7) + '.go')) return;
  clearInterval(timer);
  process.send({ kind: 'ready', bits });
}, 5);
process.on('message', () => undefined);
`;

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((go) => setTimeout(go, 5));
};

test('a worker that starts while the engine closes ends too', async () => {
  const worker = join(folder, 'worker.mjs');
  writeFileSync(worker, WORKER);
  const started = (): readonly number[] => readdirSync(folder).filter((name) => /^\d+$/.test(name)).map(Number);
  const letGo = (pid: number): void => writeFileSync(join(folder, `${pid}.go`), '');
  const opening = local({ processes: 2, threads: 1, worker }).open({ checkpoints: [], attempts: 1 })();
  await waitFor('the first worker', until(() => started().length === 1));
  letGo(started()[0]!);
  const engine = unwrap(await opening);
  const ends = ['a', 'b'].map((name) => engine.run({ name, text: '' }));
  await waitFor('the second worker', until(() => started().length === 2));
  await engine.close();
  for (const pid of started()) letGo(pid);
  await waitFor('the ends of the jobs', Promise.all(ends));
  await waitFor('the ends of the workers', until(() => !started().some(isAlive)));
  expect(started()).toHaveLength(2); // none was started again
}); // oxfmt-ignore
