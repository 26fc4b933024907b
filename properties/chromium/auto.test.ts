/** A browser without a GPU. */
import { describe, expect, test } from 'vitest';
import type { AutoChecks } from './autoPage.js';
import { noChromium } from './browser.js';
import { skippedFor } from '../skips.js';
import { openPage } from './openPage.js';

describe('auto in Chromium', skippedFor(noChromium), () => {
  test('chooses wasm', async () => {
    const page = await openPage<AutoChecks>('./autoPage.ts', { webgpu: false });
    expect(await page.checks.evaluate((of) => of.tried({}))).toEqual(['no webgpu', 'no tfjs-node-gpu', 'wasm']);
    await page.close();
  });
});
