/** Tests the worker in Node instead of a browser; properties/browsers/pageWorker.test.ts runs the page. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { type Noisefold, open, unwrap } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import { ddim } from 'noisefold/diffusion';
import { key } from 'noisefold/dsl';
import { encodePng, imageGrid, sample } from 'noisefold/training';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { fileOf, type SmallModel, smallModel } from '../smallModelTesting.js';

const here = fileURLToPath(new URL('./', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));

test('page.ts and worker.ts compile with the types of a browser', () => {
  const compiler = `${root}node_modules/typescript-7/lib/tsc.js`;
  // with these folders the package that it imports is its sources: no build is needed
  const folders = ['--rootDir', root, '--outDir', `${root}dist`];
  const { stdout, status } = spawnSync(process.execPath, [compiler, '-p', here, '--singleThreaded', ...folders], {
    encoding: 'utf8',
  });
  expect([stdout, status]).toEqual(['', 0]);
});

const model = 'http://localhost/below/model.safetensors';

let nf: Noisefold;
let trained: SmallModel;
let bytes: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  nf = await open(wasm());
  trained = await smallModel(nf);
  bytes = await fileOf(nf, trained);
});
afterAll(() => nf.close());
afterEach(() => void vi.unstubAllGlobals());

/** Starts a worker, and returns a function that sends requests. `serve` answers the request for its model. */
const started = async (serve: () => Promise<Response>) => {
  let hear: (event: { readonly data: unknown; readonly ports: readonly MessagePort[] }) => void = () => undefined;
  vi.stubGlobal('fetch', vi.fn(serve));
  vi.stubGlobal('addEventListener', (_: 'message', listener: typeof hear) => (hear = listener));
  vi.resetModules();
  await import(/* @vite-ignore */ `${here}worker.ts`); // compiled with other types than this file: see the test above
  return (asked: unknown) => {
    const { port1: port, port2 } = new MessageChannel();
    const answer = new Promise((resolve) => port.once('message', resolve)).finally(() => port.close());
    hear({ data: asked, ports: [port2] });
    return { answer, cancel: () => port.postMessage('cancel') };
  };
};

test('the worker draws the same samples as the library, loads its model once, and reports errors', async () => {
  const ask = await started(() => Promise.resolve(new Response(bytes)));
  const drawing = { labels: [2, 0], key: key(7), solver: ddim(), grid: 25, batch: 1 };
  const png = await nf.run(encodePng(unwrap(imageGrid(await nf.run(sample(trained, drawing))))));
  const asked = [
    { model, seed: 7, labels: [2, 0] },
    { model, seed: 7, labels: [3.5] },
    { model, seed: 7, labels: [2, 0] },
  ].map(ask);
  const [first, wrong, second] = await Promise.all(asked.map(({ answer }) => answer));
  expect(first).toEqual({ png: new Uint8Array(png) });
  expect(second).toEqual(first);
  expect(wrong).toMatchObject({ message: expect.stringContaining('expected a class of the model, 0 to 2') });
  expect(vi.mocked(fetch).mock.calls).toEqual([[model]]);
});

test('a message cancels its request and no other', async () => {
  let serve: (response: Response) => void = () => undefined;
  const ask = await started(() => new Promise((resolve) => (serve = resolve)));
  const [first, second] = [ask({ model, seed: 1, labels: [1] }), ask({ model, seed: 1, labels: [1] })];
  first.cancel();
  await new Promise((resolve) => void setTimeout(resolve, 20)); // the message arrives
  serve(new Response(bytes));
  expect(await first.answer).toEqual({
    message: 'sampling, step 0: expected to continue, got a signal to stop; begin again',
  });
  expect(await second.answer).toHaveProperty('png');
});

test.each([
  ['is missing', () => new Response('', { status: 404, statusText: 'Not Found' }), `${model}: 404 Not Found`],
  ['is a page', () => new Response('<!doctype html><title>Samples</title>'), 'a web page, which begins with <'],
  ['is damaged', () => new Response(bytes.subarray(0, 1000)), 'loadTrained: expected'],
])('a model that %s is reported to each request', async (_how, response, message) => {
  const ask = await started(() => Promise.resolve(response()));
  for (const seed of [1, 2])
    expect(await ask({ model, seed }).answer).toMatchObject({ message: expect.stringContaining(message) });
});
