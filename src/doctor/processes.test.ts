import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Finding } from './probe.js';
import { probeInProcess } from './processes.js';

const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a program to run instead of the doctor's own. */
const script = (name: string, text: string): string => {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, text);
  return path;
};

const stayAlive = 'setInterval(() => {}, 1000);';
const works: Finding = { backend: 'webgpu', works: true, trusted: true, note: 'a GPU', speeds: null };
const speeds = { matmul: 1, conv: 2, chain: 3 };
const sending = (finding: Finding, isLast: boolean): string => `process.send(${JSON.stringify({ finding, isLast })});`;

test('returns the last message of a process that stays alive', async () => {
  const main = script('tells', sending(works, false) + sending({ ...works, speeds }, true) + stayAlive);
  expect(await probeInProcess(main, 'webgpu')).toEqual({ ...works, speeds });
});

test('passes the name of the backend to the process', async () => {
  const finding = '{ asked: process.argv.slice(2) }';
  const main = script('asked', `process.send({ finding: ${finding}, isLast: true }); ${stayAlive}`);
  expect(await probeInProcess(main, 'wasm')).toEqual({ asked: ['--probe', 'wasm'] });
});

test('a process that exits by itself counts as failed, with its last line of output', async () => {
  const main = script('ends', "console.error('a driver\\nwas not found'); process.exit(3);");
  expect(await probeInProcess(main, 'webgpu')).toMatchObject({
    backend: 'webgpu',
    works: false,
    note: 'its process ended (3): was not found',
  });
  const crash = script('crashes', `process.kill(process.pid, 'SIGSEGV'); ${stayAlive}`);
  expect((await probeInProcess(crash, 'webgpu')).note).toBe('its process ended (SIGSEGV): no error output');
});

test('kills a process that does not answer, and reports the time limit', async () => {
  const limits = { answer: 200, speeds: 60_000 };
  expect(await probeInProcess(script('hangs', stayAlive), 'tfjs-node-gpu', limits)).toEqual({
    backend: 'tfjs-node-gpu',
    works: false,
    trusted: false,
    note: 'no answer within 0.2 s',
    speeds: null,
  });
});

test('a backend that is too slow to measure still counts as working', async () => {
  const main = script('slow', sending(works, false) + stayAlive);
  expect(await probeInProcess(main, 'webgpu', { answer: 60_000, speeds: 200 })).toEqual({
    ...works,
    note: 'a GPU; too slow to measure within 0.2 s',
  });
});

test('a backend that crashes during the measurement counts as working, with a note', async () => {
  const main = script('worn', `process.send(${JSON.stringify({ finding: works, isLast: false })}, () => process.exit(4));`); // oxfmt-ignore
  expect(await probeInProcess(main, 'webgpu')).toEqual({
    ...works,
    note: 'a GPU; its process ended during the measurement (4): no error output',
  });
});
