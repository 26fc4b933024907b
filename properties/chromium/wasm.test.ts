/** Tests the threads of `wasm` in a browser, with and without permission to start workers. */
import { afterEach, describe, expect, test } from 'vitest';
import { noChromium } from './browser.js';
import { skippedFor } from '../skips.js';
import { openPage, type Opened } from './openPage.js';
import type { WasmChecks } from './wasmPage.js';

const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
const policy = (workers: string) => ({
  'Content-Security-Policy': `default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; worker-src ${workers}`,
});

let page: Opened<WasmChecks> | null = null;
afterEach(() => page?.close());

describe('wasm in Chromium', skippedFor(noChromium), () => {
  test.each([
    ['an isolated page', isolation, true, 2],
    ['an isolated page that allows workers of blobs', { ...isolation, ...policy('blob:') }, true, 2],
    ['a page that is not isolated', {}, false, 0],
  ])('on %s has the expected number of threads, and gives no notice', async (_, headers, isIsolated, workers) => {
    page = await openPage<WasmChecks>('./wasmPage.ts', { webgpu: false, headers });
    expect(await page.checks.evaluate((of) => of.isIsolated())).toBe(isIsolated);
    expect(await page.checks.evaluate((of) => of.run())).toEqual({ notices: [], sum: 320 ** 3 });
    expect(page.workers()).toBe(workers);
  });

  test('under a content security policy that forbids blob workers runs on the calling thread, and gives one notice', async () => {
    page = await openPage<WasmChecks>('./wasmPage.ts', {
      webgpu: false,
      headers: { ...isolation, ...policy("'none'") },
    });
    const { notices, sum } = await page.checks.evaluate((of) => of.run());
    expect(sum).toBe(320 ** 3);
    expect(notices).toEqual([expect.stringContaining('needs worker-src blob:')]);
    expect(page.workers()).toBe(0);
  });
});
