/** Workers of the wasm backend in a browser, on a page that is isolated from others. */
import { isolation } from '../../examples/browser-webgpu/isolation.config.js';
import { afterAll, describe, expect, test } from 'vitest';
import { noChromium } from './browser.js';
import { skippedFor } from '../skips.js';
import { openPage } from './openPage.js';
import type { ThreadsChecks } from './threadsPage.js';

describe('threads in Chromium', skippedFor(noChromium), async () => {
  const page =
    noChromium === '' ? await openPage<ThreadsChecks>('./threadsPage.ts', { webgpu: false, headers: isolation }) : null;
  afterAll(() => page?.close());

  test('results have equal bits for any number of threads', async () => {
    expect(await page!.checks.evaluate((of) => of.isIsolated())).toBe(true);
    expect(await page!.checks.evaluate((of) => of.equalBits([1, 2, 3, 4]))).toEqual([true, true, true, true]);
  });
  test('the event loop turns during a run', async () => {
    expect(await page!.checks.evaluate((of) => of.turns())).toEqual([20, true]);
  });
  test('a run during which the backend is closed fails', async () => {
    expect(await page!.checks.evaluate((of) => of.closed())).toEqual(['BackendFailure: a closed one', true]);
  });
  test('a run in which a worker throws fails, and the next one works', async () => {
    expect(await page!.checks.evaluate((of) => of.failed())).toEqual(['BackendFailure: Error: a broken worker', true]);
  });
});
