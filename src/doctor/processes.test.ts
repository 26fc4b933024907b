import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Finding } from './probe.js';
import { probeApart } from './processes.js';

const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A program that is run in the place of the doctor's own. */
const script = (name: string, text: string): string => {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, text);
  return path;
};

const stays = 'setInterval(() => {}, 1000);';
const works: Finding = { backend: 'webgpu', works: true, trusted: true, note: 'a GPU', speeds: null };
const speeds = { matmul: 1, conv: 2, chain: 3 };
const tells = (finding: Finding, isLast: boolean): string =>
  `process.send(${JSON.stringify({ finding, isLast })});`;

test('what a process tells last is the finding, though something keeps it alive', async () => {
  const main = script('tells', tells(works, false) + tells({ ...works, speeds }, true) + stays);
  expect(await probeApart(main, 'webgpu')).toEqual({ ...works, speeds });
});

test('a process is told which backend it is for', async () => {
  const finding = '{ asked: process.argv.slice(2) }';
  const main = script('asked', `process.send({ finding: ${finding}, isLast: true }); ${stays}`);
  expect(await probeApart(main, 'wasm')).toEqual({ asked: ['--probe', 'wasm'] });
});

test('a process that ends by itself does not work, and what it said last is told', async () => {
  const main = script('ends', "console.error('a driver\\nwas not found'); process.exit(3);");
  expect(await probeApart(main, 'webgpu')).toMatchObject({
    backend: 'webgpu',
    works: false,
    note: 'it ended its process (3): was not found',
  });
  const crash = script('crashes', `process.kill(process.pid, 'SIGSEGV'); ${stays}`);
  expect((await probeApart(crash, 'webgpu')).note).toBe('it ended its process (SIGSEGV): without a word');
});

test('one that does not answer is ended, and it is not said that it did so itself', async () => {
  const limits = { answer: 200, speeds: 60_000 };
  expect(await probeApart(script('hangs', stays), 'node-gpu', limits)).toEqual({
    backend: 'node-gpu',
    works: false,
    trusted: false,
    note: 'no answer within 0.2 s',
    speeds: null,
  });
});

test('one that works and is slow to measure works all the same', async () => {
  const main = script('slow', tells(works, false) + stays);
  expect(await probeApart(main, 'webgpu', { answer: 60_000, speeds: 200 })).toEqual({
    ...works,
    note: 'a GPU; too slow to measure within 0.2 s',
  });
});

test('one that works and ends while it is measured works, and how it ended is told', async () => {
  const main = script('worn', `process.send(${JSON.stringify({ finding: works, isLast: false })}, () => process.exit(4));`); // prettier-ignore
  expect(await probeApart(main, 'webgpu')).toEqual({
    ...works,
    note: 'a GPU; it ended its process while it was measured (4): without a word',
  });
});
