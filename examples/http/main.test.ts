import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { ddim } from 'noisefold/diffusion';
import { key } from 'noisefold/dsl';
import { encodePng, imageGrid, sample } from 'noisefold/training';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundled } from '../../properties/bundled.js';
import { fileOf, smallModel } from '../smallModelTesting.js';

const folder = mkdtempSync(join(tmpdir(), 'noisefold-http-'));
const [server, file] = [join(folder, 'main.mjs'), join(folder, 'model.safetensors')];
let expected: Uint8Array;

beforeAll(async () => {
  writeFileSync(server, await bundled(new URL('main.ts', import.meta.url), { node: true }));
  await using nf = await open(wasm());
  const trained = await smallModel(nf);
  writeFileSync(file, await fileOf(nf, trained));
  const drawing = { labels: [2, 0], key: key(7), solver: ddim(), grid: 3, batch: 1 };
  expected = await nf.run(encodePng(unwrap(imageGrid(await nf.run(sample(trained, drawing))))));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts the server, and collects what it prints. */
const started = (...options: readonly string[]) => {
  const child: ChildProcess = spawn(process.execPath, [server, ...options], { timeout: 120_000 });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => (printed += text.toString()));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const url = new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (text: Buffer) => resolve(`${text}`.trim()));
    child.once('close', () => reject(new Error(`the server ended: ${printed}`)));
  });
  url.catch(() => undefined); // of a server that must not start
  return { child, printed: () => printed, ended, url };
};

test('the server draws the same samples as the library, finishes running requests at SIGTERM, and exits with 0', async () => {
  const { child, printed, ended, url } = started(file, '--port', '0', '--steps', '3');
  const response = await fetch(`${await url}?labels=2,0&seed=7`);
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(new Uint8Array(expected));
  const labels = Array.from({ length: 64 }, () => 1).join();
  const long = fetch(`${await url}?labels=${labels}`);
  const health = (await url).replace('samples', 'health');
  while (!(await (await fetch(health)).text()).includes('"running":1'));
  child.kill('SIGTERM');
  expect((await long).status).toBe(200);
  expect([await ended, printed()]).toEqual([0, `${await url}\n`]);
});

test.each([
  ['without a model', [], /^node main\.js model\.safetensors/],
  ['with a missing model', [join(folder, 'missing')], /missing: expected a file to read, got ENOENT/],
  ['with a port that is not a number', [file, '--port', 'http'], /^--port: expected a whole number, got http/],
  ['with a port out of range', [file, '--port', '99999'], /^--port: expected a port, 0 to 65535, got 99999/],
  ['with too many steps', [file, '--steps', '1000'], /^trailing: expected a whole number of steps from 1 to 100/],
])('%s the server does not start, and says why in one line', async (_what, options, message) => {
  const { ended, printed } = started(...options);
  expect(await ended).toBe(1);
  expect(printed()).toMatch(message);
  expect(printed().trim().split('\n')).toHaveLength(1);
});
