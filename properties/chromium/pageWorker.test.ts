/** The example of a page with a worker, as `vite build` and `vite preview` make and serve it, in Chromium. */
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { open } from 'noisefold';
import { wasm } from 'noisefold/backends/wasm';
import type { Page } from 'playwright-core';
import { build, preview, type PreviewServer } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alias } from '../../alias.config.js';
import { fileOf, smallModel } from '../../examples/smallModelTesting.js';
import { launch, noChromium } from './browser.js';
import { skippedFor } from '../skips.js';

const example = fileURLToPath(new URL('../../examples/page-worker/', import.meta.url));

/** The path below which the page is served. */
const BASE = '/below/a/path/';

/** Builds a copy of the example with a model in `public`, outside of this repository. `alias` takes the place of an install. */
const builtCopy = async (): Promise<string> => {
  const root = await mkdtemp(join(tmpdir(), 'noisefold-page-'));
  for (const name of ['index.html', 'page.ts', 'worker.ts', 'tsconfig.json'])
    await cp(join(example, name), join(root, name));
  const nf = await open(wasm());
  await mkdir(join(root, 'public'));
  await writeFile(join(root, 'public/model.safetensors'), await fileOf(nf, await smallModel(nf)));
  await nf.close();
  await build({ configFile: false, logLevel: 'warn', root, base: BASE, resolve: { alias } });
  return root;
};

/** Four images of 8×8 in a square. */
const SHOWN = `document.querySelector('img').naturalWidth === 16`;

describe('a page with a worker, in Chromium', skippedFor(noChromium), () => {
  let root: string;
  let server: PreviewServer;
  let address: string;
  beforeAll(async () => {
    root = await builtCopy();
    server = await preview({ configFile: false, logLevel: 'warn', root, base: BASE, preview: { port: 0 } });
    address = server.resolvedUrls!.local[0]!;
  });
  afterAll(async () => {
    await server.close();
    await rm(root, { recursive: true });
  });

  /** Opens the page; its model arrives when `ready` resolves. */
  const opened = async (ready: Promise<void>, use: (page: Page) => Promise<void>): Promise<void> => {
    const browser = await launch({ webgpu: false });
    const page = await browser.newPage();
    await page.route('**/model.safetensors', async (route) => {
      await ready;
      return route.continue();
    });
    await page.goto(address);
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
    const scripts = await readdir(join(root, 'dist/assets'));
    expect(scripts.filter((name) => /^worker-.*\.js$/.test(name))).toHaveLength(1);
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
