import { describe, expect, test } from 'vitest';
import { inBrowser, inkOf, press, until, type Visitor, visitors } from './browser.js';

const visitor = visitors();
let visit: Visitor | null = null;

describe('the figure "Guide it"', inBrowser, () => {
  test('draws more recognized digits at a larger scale, with less variety', async () => {
    visit = await visitor();
    const { page, address } = visit;
    await page.goto(`${address}?recipe=tiny&backend=wasm`);
    expect(await page.locator('#guide').isDisabled()).toBe(true);
    await page.getByRole('button', { name: /^Load the network/ }).click();
    await until(page, () => document.querySelector<HTMLButtonElement>('#guide')?.disabled === false);
    await press(page, 'Draw 80 digits');
    await until(page, () =>
      [...document.querySelectorAll('#scales .hint')].every((hint) => hint.textContent?.includes('recognized')),
    );
    const scores = await page.$$eval('#scales .hint', (hints) =>
      hints.map((hint) => (hint.textContent ?? '').match(/\d+/g)!.map(Number)),
    );
    const [recognized, variety] = [scores.map(([n]) => n!), scores.map(([, , percent]) => percent!)];
    expect(recognized[0]).toBeLessThan(10); // one in ten by chance
    expect(recognized[2]).toBeGreaterThanOrEqual(19);
    expect(variety[3]).toBeLessThan(variety[0]!);
    const before = await inkOf(page, '#scales canvas');
    expect(before).toHaveLength(8);
    await press(page, 'From other noise');
    await until(page, () =>
      [...document.querySelectorAll('#scales .hint')].every((hint) => hint.textContent?.includes('recognized')),
    );
    expect(await inkOf(page, '#scales canvas')).not.toEqual(before);
  });
});
