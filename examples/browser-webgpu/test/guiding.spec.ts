/** The figure "Guide it", and what else a visit with the loaded network shows: its accessibility, and the code that it loads. */
import { basename } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser, inBrowser, inkOf, press, until, type Visitor, visitors, whenDone, whenStepIs } from './browser.js';
import { kindsOf } from './files.js';
import { broken } from './rules.js';

const visitor = visitors();
let visit: Visitor;

/** The names of the files that the visit loads. */
const loaded = new Set<string>();

const whenRecognized = () =>
  until(visit.page, () =>
    [...document.querySelectorAll('#scales .hint')].every((hint) => hint.textContent?.includes('recognized')),
  );

// the tests look at the same digits, in this order, because these take most of the time
beforeAll(async () => {
  if (!hasBrowser) return;
  visit = await visitor();
  const { page, context, address } = visit;
  context.on('request', (request) => {
    const url = request.url();
    if (url.startsWith('http')) loaded.add(basename(new URL(url).pathname) || 'index.html'); // not blob:
  });
  await page.goto(`${address}?steps=5#digit=2&t=900`);
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

describe('the code of the built page', inBrowser, () => {
  test('is loaded only in part where there is no GPU, with all figures in use', async () => {
    const { page } = visit;
    await page.locator('#plane').scrollIntoViewIfNeeded();
    await until(page, () => document.querySelector('#learned-end')?.textContent?.includes('updates'));
    expect(await page.evaluate(() => document.querySelector<HTMLElement>('#between')?.dataset['film'])).toBe('done');
    await press(page, 'Start training');
    await whenStepIs(page, 1);
    const kinds = new Set([...loaded].flatMap(kindsOf));
    expect([...kinds].sort()).toEqual(['classifier', 'data', 'images', 'network', 'page', 'threads', 'wasm', 'worker']);
    expect([...loaded].filter((name) => kindsOf(name).length === 0)).toEqual([]);
  });
});
