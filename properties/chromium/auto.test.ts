/** A browser without a GPU: WebAssembly, if it is told where its files are. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AutoChecks } from './autoPage.js';
import { noChromium } from './browser.js';
import { openPage, PLACE } from './openPage.js';

const installed = `${dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'))}/`;

describe.skipIf(noChromium !== '')(`auto in Chromium ${noChromium}`, () => {
  test.each([
    [{}, ['no node-gpu', 'no webgpu', 'no wasm', 'no node', 'cpu']],
    [{ wasm: { paths: `${PLACE}wasm/` } }, ['no node-gpu', 'no webgpu', 'wasm']],
  ] as const)('given %o', async (options, tried) => {
    // a page of its own: tfjs does not start its WebAssembly again where it has failed once
    const page = await openPage<AutoChecks>('./autoPage.ts', {
      webgpu: false,
      files: { '/wasm/': installed },
    });
    expect(await page.checks.evaluate((of, given) => of.tried(given), options)).toEqual(tried);
    await page.close();
  });
});
