/** Tests the threads of `wasm` in browsers, with and without permission to start workers. */
import { expect, test } from 'vitest';
import { inBrowsers } from './inBrowsers.js';
import type { Checks } from './openPage.js';
import type { WasmChecks } from './wasmPage.js';

const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
/** Firefox loads an icon. */
const policy = (workers: string) => ({
  'Content-Security-Policy': `default-src 'none'; img-src 'self'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; worker-src ${workers}`,
});

/** The end of a worker is reported later. */
const hasWorkers = (page: Checks<unknown>, count: number) =>
  expect.poll(() => page.workers(), { timeout: 120_000 }).toBe(count);

inBrowsers('wasm', (running) => {
  test.each([
    ['an isolated page', isolation, true, 2],
    ['an isolated page that allows workers of blobs', { ...isolation, ...policy('blob:') }, true, 2],
    ['a page that is not isolated', {}, false, 0],
  ])('on %s has the expected number of threads, and gives no notice', async (_, headers, isIsolated, workers) => {
    const page = await running().open<WasmChecks>('./wasmPage.ts', headers);
    expect(await page.checks.evaluate((of) => of.isIsolated())).toBe(isIsolated);
    expect(await page.checks.evaluate((of) => of.run())).toEqual({ notices: [], sum: 320 ** 3 });
    await hasWorkers(page, workers);
    await page.close();
  });

  test('under a content security policy that forbids blob workers runs on the calling thread, and gives one notice', async () => {
    const page = await running().open<WasmChecks>('./wasmPage.ts', { ...isolation, ...policy("'none'") });
    const { notices, sum } = await page.checks.evaluate((of) => of.run());
    expect(sum).toBe(320 ** 3);
    expect(notices).toEqual([expect.stringContaining('needs worker-src blob:')]);
    await hasWorkers(page, 0);
    await page.close();
  });
});
