/** The rules of axe-core on the whole page, as it opens and with each card used; `guiding.spec.ts` has the loaded network. */
import { describe, expect, test } from 'vitest';
import { inBrowser, press, trainOut, until, visitors, whenDone, whenReady } from './browser.js';
import { broken } from './rules.js';

const visitor = visitors();

describe('accessibility by the rules of axe', inBrowser, () => {
  test('has no violations in the light and in the dark', async () => {
    const { page, address } = await visitor();
    /** The rules that the page breaks in each colour scheme. */
    const brokenInBoth = async () => {
      const rules: Record<string, readonly string[]> = {};
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        rules[colorScheme] = await broken(page);
      }
      return rules;
    };
    const none = { light: [], dark: [] };
    await page.goto(`${address}?recipe=tiny&backend=wasm&steps=2`);
    await whenReady(page);
    await whenDone(page);
    expect(await brokenInBoth()).toEqual(none);

    for (const details of await page.locator('summary').all()) await details.click();
    await page.getByRole('slider', { name: /^Time t/ }).press('End');
    await page.locator('#plane').scrollIntoViewIfNeeded();
    await until(page, () => /%/.test(document.querySelector('#exact-end')?.textContent ?? ''));
    await trainOut(page, 'Start training');
    await whenDone(page);
    await press(page, 'Draw the 7');
    await whenDone(page);
    await page.locator('#drawing [role=radio]').nth(2).click();
    await press(page, 'Erase top');
    await press(page, 'Fill in');
    await until(page, () => document.querySelector('#repair-hint')?.textContent?.startsWith('Press one'));
    await page.setInputFiles('#file', { name: 'x.safetensors', mimeType: '', buffer: Buffer.from('no checkpoint') });
    await page.waitForSelector('.notice.error summary');
    await page.locator('.notice.error summary').click();
    expect(await brokenInBoth()).toEqual(none);
  });
});
