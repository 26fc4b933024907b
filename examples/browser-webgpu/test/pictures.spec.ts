import { beforeAll, describe, expect, test } from 'vitest';
import {
  attribute,
  hasBrowser,
  inBrowser,
  inkOf,
  press,
  until,
  type Visitor,
  visitors,
  whenDone,
  whenReady,
} from './browser.js';

const SIDE = 28;

const visitor = visitors();
let visit: Visitor;
beforeAll(async () => {
  if (!hasBrowser) return;
  visit = await visitor();
  await visit.page.goto(`${visit.address}?recipe=tiny&backend=wasm`);
  await whenReady(visit.page);
  await press(visit.page, 'Start training'); // an untrained network draws all classes alike
  await until(
    visit.page,
    () => document.querySelector('#draw-hint')?.textContent === 'by your network, after 40 updates',
  );
});

const drawing = () => inkOf(visit.page, '#drawing canvas');

/** The number of the visible drawing, once it is complete. */
const whenDrawn = async (after = -1): Promise<number> => {
  const shown = await until(
    visit.page,
    (number) => {
      const film = document.querySelector<HTMLElement>('#drawing')?.dataset['film'] ?? '';
      return film !== '' && Number(film) > number ? { film: Number(film) } : null;
    },
    after,
  );
  return (await shown.jsonValue())!.film;
};

/** Runs an action that redraws, and waits for the result. */
const drawnAfter = async (act: () => Promise<unknown>) => {
  const before = await whenDrawn();
  await act();
  await whenDrawn(before);
  return drawing();
};

describe('drawing in the page', inBrowser, () => {
  test('shows the chosen classes, and is the same for the same noise', async () => {
    const { page } = visit;
    await whenDrawn();
    const first = await drawing();
    expect(first).toHaveLength(10);
    const captions = () => page.$$eval('#drawing span', (all) => all.map((one) => one.textContent).join(''));
    expect(await captions()).toBe('0123456789');
    const sevens = await drawnAfter(() => press(page, 'Draw the 7'));
    expect(await captions()).toBe('7777777777');
    expect(sevens).not.toEqual(first);
    expect(await drawnAfter(() => press(page, 'Draw all'))).toEqual(first);
    expect(await drawnAfter(() => press(page, 'Redraw'))).not.toEqual(first);
  });

  test('follows its sliders', async () => {
    const { page } = visit;
    await whenDrawn();
    const before = await drawing();
    const guided = await drawnAfter(() => page.getByRole('slider', { name: /^Guidance/ }).press('End'));
    expect(guided).not.toEqual(before);
    await drawnAfter(() => page.getByRole('slider', { name: /^Steps/ }).press('Home'));
    expect(await page.getByRole('slider', { name: 'From noise to digits' }).getAttribute('max')).toBe('1');
  });

  test('is scrubbed from its end back to noise, which fills the image, and forward again', async () => {
    const { page } = visit;
    await whenDrawn();
    const end = await drawing();
    const scrub = page.getByRole('slider', { name: 'From noise to digits' });
    await scrub.press('Home');
    expect(await attribute(page, '#scrub', 'aria-valuetext')).toBe('pure noise');
    const noise = await drawing();
    expect(noise).not.toEqual(end);
    // N(0, 1) in [-1, 1]: some 68 % of the pixels are neither all ink nor all paper, ± 5 standard deviations
    const grey = noise.flat().filter((ink) => ink > 0 && ink < 255).length / (10 * SIDE * SIDE);
    expect(Math.abs(grey - 0.683)).toBeLessThan((5 * Math.sqrt(0.683 * 0.317)) / Math.sqrt(10 * SIDE * SIDE));
    await scrub.press('End');
    expect(await drawing()).toEqual(end);
    await scrub.press('Home');
    await page.getByRole('radio', { name: 'the network’s guess' }).check();
    expect(await drawing()).not.toEqual(noise);
    await page.getByRole('radio', { name: 'noisy image' }).check();
    await press(page, 'Play from noise to digits');
    await whenDone(page);
    expect(await drawing()).toEqual(end);
  });
});

describe('repairing in the page', inBrowser, () => {
  test('fills in the erased part in four ways, and leaves the rest unchanged', async () => {
    const { page } = visit;
    const easel = async () => {
      const [ink] = await inkOf(page, '#easel');
      return Array.from({ length: SIDE * SIDE }, (_, i) => ink![12 * (12 * SIDE * Math.floor(i / SIDE) + (i % SIDE))]!);
    };
    await press(page, 'Erase nothing');
    const digit = await easel();
    await press(page, 'Erase top');
    await press(page, 'Fill in');
    await until(page, () => document.querySelector('#repair-hint')?.textContent?.startsWith('Press one'));
    const ways = await inkOf(page, '#repaired canvas');
    const half = (SIDE * SIDE) / 2;
    expect(ways).toHaveLength(4);
    for (const way of ways) {
      expect(way.slice(half)).toEqual(digit.slice(half));
      expect(way.slice(0, half)).not.toEqual(digit.slice(0, half));
    }
    expect(new Set(ways.map(String)).size).toBe(4);
    await press(page, 'Repair 2: continue with it');
    await press(page, 'Erase nothing');
    expect(await easel()).toEqual(ways[1]);
  });

  test('is erased with the pointer, and restored', async () => {
    const { page } = visit;
    await press(page, 'Erase nothing');
    const canvas = page.locator('#easel');
    const painted = async (): Promise<number> =>
      Number.parseInt(/(\d+) %/.exec(await attribute(page, '#easel', 'aria-label'))![1]!, 10);
    const { x, y, width } = (await canvas.boundingBox())!;
    const stroke = async (): Promise<void> => {
      await page.mouse.move(x + 0.2 * width, y + 0.5 * width);
      await page.mouse.down();
      await page.mouse.move(x + 0.8 * width, y + 0.5 * width, { steps: 3 });
      await page.mouse.up();
      await page.mouse.move(x + 0.5 * width, y + 0.9 * width); // the button is up, so nothing more is erased
    };
    await canvas.scrollIntoViewIfNeeded();
    await stroke();
    // 0.6 of the height by 4 of 28 pixels, and a round end: about 9 or 10 %
    expect(await painted()).toBeGreaterThanOrEqual(8);
    expect(await painted()).toBeLessThanOrEqual(12);
    await press(page, 'Brush restores');
    await stroke();
    expect(await painted()).toBe(0);
    await press(page, 'Brush restores');
  });

  test('takes a drawn digit, or another held-out one', async () => {
    const { page } = visit;
    await press(page, 'Erase nothing');
    await press(page, 'A drawn 4, to be repaired below');
    expect(await attribute(page, '#easel', 'aria-label')).toMatch(/^A 4, 0 %/);
    const [before] = await inkOf(page, '#easel');
    await press(page, 'Another digit');
    await until(page, () => !document.querySelector('#easel')?.getAttribute('aria-label')?.startsWith('A 4'));
    expect((await inkOf(page, '#easel'))[0]).not.toEqual(before);
  });
});
