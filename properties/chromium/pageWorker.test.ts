/** The example of a page with a worker, in Chromium. */
import { fileURLToPath } from 'node:url';
import { type Noisefold, open } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alias } from '../../alias.config.js';
import { fileOf, smallModel } from '../../examples/smallModelTesting.js';
import { launch, noChromium } from './browser.js';

const root = fileURLToPath(new URL('../../examples/page-worker/', import.meta.url));

/** The files of the page, as Vite builds them. */
const builtFiles = async (): Promise<ReadonlyMap<string, string | Uint8Array>> => {
  const [built] = [
    await build({
      configFile: false,
      logLevel: 'warn',
      root,
      resolve: { alias },
      worker: { format: 'es' },
      build: { write: false, target: 'es2023' },
    }),
  ].flat();
  if (built === undefined || !('output' in built)) throw new Error('expected a bundle');
  return new Map(built.output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : file.source]));
};

/** Four images of 8×8 in a square. */
const SHOWN = `document.querySelector('img').naturalWidth === 16`;

const TYPES = { html: 'text/html', js: 'text/javascript' };

describe.skipIf(noChromium !== '')(`a page with a worker, in Chromium ${noChromium}`, () => {
  let nf: Noisefold;
  let files: ReadonlyMap<string, string | Uint8Array>;
  let model: Uint8Array;
  beforeAll(async () => {
    nf = await open(wasm());
    model = await fileOf(nf, await smallModel(nf));
    files = await builtFiles();
  });
  afterAll(() => nf.close());

  /** Opens the page; its model arrives when `ready` resolves. */
  const opened = async (ready: Promise<void>, use: (page: Page) => Promise<void>): Promise<void> => {
    const browser = await launch({ webgpu: false });
    const page = await browser.newPage();
    await page.route('http://localhost/**', async (route) => {
      const name = new URL(route.request().url()).pathname.slice(1) || 'index.html';
      if (name.endsWith('model.safetensors')) {
        await ready;
        return route.fulfill({ body: Buffer.from(model) });
      }
      const file = files.get(name);
      if (file === undefined) return route.fulfill({ status: 404 });
      return route.fulfill({ contentType: TYPES[name.split('.').at(-1) as 'js'], body: Buffer.from(file as string) });
    });
    await page.goto('http://localhost/');
    await use(page);
    await browser.close();
  };

  test('shows four samples', () =>
    opened(Promise.resolve(), async (page) => {
      await page.click('#draw');
      await page.waitForFunction(SHOWN);
      expect(await page.textContent('[role=status]')).toBe('');
    }));

  test('cancels a drawing, and draws the next', async () => {
    let arrive: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => (arrive = resolve));
    await opened(ready, async (page) => {
      await page.click('#draw');
      await page.click('#cancel');
      arrive();
      await page.waitForSelector('text=got a signal to stop');
      await page.click('#draw');
      await page.waitForFunction(SHOWN);
    });
  });

  test('says it at each drawing if the script of its worker is missing', async () => {
    const isWorker = (name: string): boolean => /worker-.*\.js$/.test(name);
    expect([...files.keys()].filter(isWorker)).toHaveLength(1);
    await opened(Promise.resolve(), async (page) => {
      await page.route('**/worker-*.js', (route) => route.fulfill({ status: 404 }));
      await page.reload();
      for (let i = 0; i < 2; i++) {
        await page.click('#draw');
        await page.waitForSelector('text=worker.ts could not be loaded');
      }
    });
  });
});
