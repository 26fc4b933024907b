import { beforeAll, describe, expect, test } from 'vitest';
import { attribute, hasBrowser, inBrowser, inkOf, press, until, type Visitor, visitors, whenDone } from './browser.js';

const SIDE = 28;
const visitor = visitors();
let visit: Visitor;
beforeAll(async () => {
  if (!hasBrowser) return;
  visit = await visitor();
  const { page, address } = visit;
  await page.goto(`${address}?backend=wasm#digit=3&t=0`);
  expect(await page.textContent('#draw-hint')).toBe('load the network above, or train your own');
  await page.locator('#load').click();
  await whenDone(page);
});

const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.sqrt(a.reduce((sum, ink, i) => sum + (ink - b[i]!) ** 2, 0) / a.length) / 255;

/** Presses a button of the easel, and waits for its four results. */
const results = async (name: string) => {
  const { page } = visit;
  await press(page, name);
  await until(page, () => document.querySelector('#repair-hint')?.textContent?.startsWith('Press one'));
  return inkOf(page, '#repaired canvas');
};

/** The image on the easel, one number per pixel. */
const easel = async () => {
  const [ink] = await inkOf(visit.page, '#easel');
  return Array.from({ length: SIDE * SIDE }, (_, i) => ink![12 * (12 * SIDE * Math.floor(i / SIDE) + (i % SIDE))]!);
};

const setStrength = (percent: number) => visit.page.fill('#strength', `${10 * percent}`);

describe('the figure "Use it"', inBrowser, () => {
  test('draws by the loaded network, and says how long a training takes here', async () => {
    const { page } = visit;
    // once it has drawn the digits that follow the load
    await until(page, () => document.querySelector('#draw-hint')?.textContent === 'by the loaded network');
    await until(page, () => /about \d+ (s|min) here$/.test(document.querySelector('#learn-hint')?.textContent ?? ''));
    expect(await page.getByRole('radio', { name: 'the loaded network' }).isChecked()).toBe(true);
  });

  test('joins two digits: the ends are the digits, and those between differ from both', async () => {
    const { page } = visit;
    await page.selectOption('#morph-from', '2');
    await page.selectOption('#morph-to', '8');
    await press(page, 'Morph');
    await until(page, () => document.querySelector<HTMLElement>('#between')?.dataset['film'] === 'done');
    const way = await inkOf(page, '#between canvas');
    expect(way).toHaveLength(9);
    const digits = [];
    for (const digit of ['2', '8']) {
      await page.locator('#noising').getByRole('radio', { name: digit, exact: true }).check();
      await until(page, (text) => location.hash.includes(`digit=${text}`), digit);
      digits.push((await inkOf(page, '#x0'))[0]!);
    }
    expect(distance(way[0]!, digits[0]!)).toBeLessThan(0.15);
    expect(distance(way[8]!, digits[1]!)).toBeLessThan(0.15);
    expect(Math.min(...digits.map((digit) => distance(way[4]!, digit)))).toBeGreaterThan(0.15);
  });

  test('changes a digit, more at a larger strength', async () => {
    const image = await easel();
    const changes: number[] = [];
    for (const percent of [20, 90]) {
      await setStrength(percent);
      const found = await results('Change it');
      expect(new Set(found.map(String)).size).toBe(4);
      changes.push(Math.min(...found.map((one) => distance(one, image))));
    }
    expect(changes[0]).toBeLessThan(0.15);
    expect(changes[1]).toBeGreaterThan(changes[0]!);
    expect(await easel()).toEqual(image);
  });

  test('goes on with a drawing', async () => {
    const { page } = visit;
    await press(page, 'Empty paper');
    expect((await easel()).every((ink) => ink === 0)).toBe(true);
    await page.locator('#easel').focus();
    for (let i = 0; i < 8; i++) for (const key of ['Space', 'ArrowDown']) await page.keyboard.press(key);
    const drawn = await easel();
    expect(drawn.filter((ink) => ink === 255).length).toBeGreaterThanOrEqual(8);
    expect(await attribute(page, '#easel', 'aria-label')).toMatch(/^Your drawing, 0 %/);
    await setStrength(60);
    const found = await results('Change it');
    for (const one of found) expect(one).not.toEqual(drawn);
  });

  test('is drawn by one’s own network on request, and not by that in training before it is complete', async () => {
    const { page } = visit;
    await page.getByRole('radio', { name: 'your own' }).check();
    await until(
      page,
      () => document.querySelector('#draw-hint')?.textContent === 'only noise yet: nothing was learned',
    );
    await page.getByRole('radio', { name: 'the loaded network' }).check();
    await press(page, 'Start training');
    await until(page, () =>
      document.querySelector('#network-hint')?.textContent?.startsWith('Your own draws here once'),
    );
    expect(await page.getByRole('radio', { name: 'the loaded network' }).isChecked()).toBe(true);
    await page.locator('#network label', { hasText: 'the loaded network' }).click(); // to stay with it
    await until(page, () => document.querySelector('#network-hint')?.textContent === '');
  });
});
