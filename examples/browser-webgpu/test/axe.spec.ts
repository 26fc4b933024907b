/** The rules of axe-core for accessibility, on the whole page, as it opens and with each card used. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { describe, expect, test } from 'vitest';
import {
  inBrowser,
  press,
  trainOut,
  until,
  type Visitor,
  visitors,
  whenDone,
  whenReady,
  whenShown,
} from './browser.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const visitor = visitors();
let visit: Visitor | null = null;

/** The rules that the page breaks, with the first element that breaks each. */
const broken = async ({ page }: Visitor): Promise<readonly string[]> => {
  await whenShown(page);
  await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate(() =>
    (globalThis as unknown as { readonly axe: { readonly run: () => Promise<AxeResults> } }).axe.run(),
  );
  expect(passes.length).toBeGreaterThan(20); // it has seen the page
  return violations.map(({ id, nodes }) => `${id}: ${nodes.length} × ${nodes[0]?.html}`);
};

describe('accessibility by the rules of axe', inBrowser, () => {
  test.each(['light', 'dark'] as const)('has no violations in the %s', async (colorScheme) => {
    visit = await visitor({ colorScheme });
    const { page } = visit;
    await page.goto(`${visit.address}?recipe=tiny&backend=wasm`);
    await whenReady(page);
    await whenDone(page);
    expect(await broken(visit)).toEqual([]);

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
    expect(await broken(visit)).toEqual([]);
  });

  test('has no violations with the loaded network', async () => {
    visit = await visitor();
    const { page } = visit;
    await page.goto(`${visit.address}?backend=wasm#digit=2&t=900`);
    await page.getByRole('button', { name: /^Load the network/ }).click();
    await until(page, () => document.querySelector<HTMLButtonElement>('#guide')?.disabled === false);
    await press(page, 'Draw 80 digits');
    await until(page, () =>
      [...document.querySelectorAll('#scales .hint')].every((hint) => hint.textContent?.includes('recognized')),
    );
    await press(page, 'Morph');
    await until(page, () => document.querySelectorAll('#between canvas').length === 9);
    await whenDone(page);
    expect(await broken(visit)).toEqual([]);
  });
});
