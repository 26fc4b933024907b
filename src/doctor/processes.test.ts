import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { probeApart } from './processes.js';

const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A program that is run in the place of the doctor's own. */
const script = (name: string, text: string): string => {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, text);
  return path;
};

test('what a process sends is the finding, though something keeps it alive', async () => {
  const main = script('sends', "process.send({ asked: process.argv.slice(2) }); setInterval(() => {}, 1000);");
  expect(await probeApart(main, 'wasm')).toEqual({ asked: ['--probe', 'wasm'] });
}); // prettier-ignore

test('a process that ends by itself does not work, and what it said last is told', async () => {
  const main = script('ends', "console.error('a driver\\nwas not found'); process.exit(3);");
  expect(await probeApart(main, 'webgpu')).toMatchObject({
    backend: 'webgpu',
    works: false,
    note: 'it ended its process (3): was not found',
  });
  const crash = script('crashes', "process.kill(process.pid, 'SIGSEGV'); setInterval(() => {}, 1000);");
  expect((await probeApart(crash, 'webgpu')).note).toBe('it ended its process (SIGSEGV): without a word');
});

test('a process that hangs is ended', async () => {
  const main = script('hangs', 'setInterval(() => {}, 1000);');
  expect((await probeApart(main, 'node-gpu', 200)).note).toBe('it ended its process (SIGKILL): no answer within 0.2 s'); // prettier-ignore
});
