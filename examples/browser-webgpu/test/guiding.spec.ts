import { beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser, inBrowser, inkOf, press, until, type Visitor, visitors, whenDone } from './browser.js';
import { broken } from './rules.js';

const visitor = visitors();
let visit: Visitor;

const whenRecognized = () =>
  until(visit.page, () =>
    [...document.querySelectorAll('#scales .hint')].every((hint) => hint.textContent?.includes('recognized')),
  );

// both tests look at the same digits, which take most of the time
beforeAll(async () => {
  if (!hasBrowser) return;
  visit = await visitor();
  const { page, address } = visit;
  await page.goto(`${address}?backend=wasm#digit=2&t=900`);
  expect(await page.textContent('#guide')).toMatch(/^Load the network, [\d.]+ MB$/);
  await page.locator('#guide').click();
  await until(page, () => document.querySelector('#guide')?.textContent === 'Draw 80 digits');
  await press(page, 'Draw 80 digits');
  await whenRecognized();
});

describe('the figure "Guide it"', inBrowser, () => {
  test('draws more recognized digits at a larger scale, with less variety', async () => {
    const { page } = visit;
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
    await whenRecognized();
    expect(await inkOf(page, '#scales canvas')).not.toEqual(before);
  });
});

describe('accessibility by the rules of axe', inBrowser, () => {
  test('has no violations with the loaded network', async () => {
    const { page } = visit;
    await press(page, 'Morph');
    await until(page, () => document.querySelectorAll('#between canvas').length === 9);
    await whenDone(page);
    expect(await broken(page)).toEqual([]);
  });
});
