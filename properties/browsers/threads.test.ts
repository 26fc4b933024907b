/** Workers of the wasm backend in browsers, on a page that is isolated from others. */
import { isolation } from '../../examples/browser-webgpu/isolation.config.js';
import { beforeAll, expect, test } from 'vitest';
import { inBrowsers } from './inBrowsers.js';
import type { Checks } from './openPage.js';
import type { ThreadsChecks } from './threadsPage.js';

inBrowsers('threads', (running) => {
  let page: Checks<ThreadsChecks>;
  beforeAll(async () => {
    page = await running().open('./threadsPage.ts', isolation);
  });

  test('results have equal bits for any number of threads', async () => {
    expect(await page.checks.evaluate((of) => of.isIsolated())).toBe(true);
    expect(await page.checks.evaluate((of) => of.equalBits([1, 2, 3, 4]))).toEqual([true, true, true, true]);
  });
  test('the event loop turns during a run', async () => {
    expect(await page.checks.evaluate((of) => of.turns())).toEqual([20, true]);
  });
  test('a run during which the backend is closed fails', async () => {
    expect(await page.checks.evaluate((of) => of.closed())).toEqual(['BackendFailure: a closed one', true]);
  });
  test('a run in which a worker throws fails, and the next one works', async () => {
    expect(await page.checks.evaluate((of) => of.failed())).toEqual(['BackendFailure: Error: a broken worker', true]);
  });
});
