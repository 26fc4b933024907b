/** Browsers without WebGPU. */
import { expect, test } from 'vitest';
import type { AutoChecks } from './autoPage.js';
import { inBrowsers } from './inBrowsers.js';

inBrowsers('auto', (running) => {
  test('chooses wasm', async () => {
    const page = await running().open<AutoChecks>('./autoPage.ts');
    expect(await page.checks.evaluate((of) => of.tried({}))).toEqual(['no webgpu', 'no tfjs-node-gpu', 'wasm']);
  });
});
