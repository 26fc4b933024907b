/** Printed measurements, which depend on the machine; what does not depend on it is tested. */
import { describe, expect, test } from 'vitest';
import { inBrowser, press, type Visitor, visitors, whenDone, whenReady, whenTrained } from './browser.js';

const visitor = visitors();
let visit: Visitor | null = null;

const QUICK = '?recipe=tiny&backend=wasm';

describe('the speed of the page', inBrowser, () => {
  test('the first figure is usable soon on a slow line', async () => {
    visit = await visitor();
    const { page, context, address } = visit;
    const devtools = await context.newCDPSession(page);
    await devtools.send('Network.enable');
    await devtools.send('Network.emulateNetworkConditions', {
      ...{ offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 1.6e6 / 8 },
    });
    await page.goto(`${address}${QUICK}`, { waitUntil: 'commit' });
    await page.waitForFunction(() => document.querySelector('#alpha')?.textContent !== '');
    const after = await page.evaluate(() => performance.now());
    console.log(`the first figure is usable after ${(after / 1000).toFixed(2)} s at 1.6 Mbit/s and 150 ms`);
  });

  test('nothing moves while it opens, trains and draws, and its heap is small after collection', async () => {
    visit = await visitor();
    const { page, context, address } = visit;
    await page.addInitScript(() => {
      const shifts: number[] = [];
      Object.assign(globalThis, { shifts });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[])
          if (!entry.hadRecentInput) shifts.push(entry.value);
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await page.goto(`${address}${QUICK}`);
    await whenReady(page);
    await whenDone(page);
    for (const id of ['noising', 'removing', 'guiding', 'plane', 'use', 'repair']) {
      await page.locator(`#${id}`).scrollIntoViewIfNeeded();
      await page.waitForTimeout(300);
    }
    await press(page, 'Start training');
    await whenTrained(page);
    await whenDone(page);
    const shift = await page.evaluate(() =>
      (globalThis as unknown as { readonly shifts: readonly number[] }).shifts.reduce((sum, one) => sum + one, 0),
    );
    console.log(`cumulative layout shift: ${shift.toFixed(3)}`);
    expect(shift).toBeLessThanOrEqual(0.05);
    const devtools = await context.newCDPSession(page);
    await devtools.send('HeapProfiler.collectGarbage');
    const { usedSize } = await devtools.send('Runtime.getHeapUsage');
    console.log(`JavaScript heap of the page after collection: ${(usedSize / 1e6).toFixed(1)} MB`);
    expect(usedSize).toBeLessThanOrEqual(40e6);
  });
});
