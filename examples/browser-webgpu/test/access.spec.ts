import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  attribute,
  hasBrowser,
  inBrowser,
  open,
  pictures,
  press,
  saved,
  stepOf,
  until,
  type Visit,
  type Visitor,
  visitors,
  whenDone,
  whenReady,
  whenShown,
  whenStepIs,
} from './browser.js';
import { contrasts } from './contrast.js';

const visitor = visitors();
let visit: Visitor | null = null;

const ready = async (options: Visit = {}) => {
  visit = await visitor(options);
  const { page } = visit;
  await page.goto(`${visit.address}?recipe=tiny&backend=wasm&steps=2`);
  await whenReady(page);
  await whenDone(page);
  return page;
};

const picture = (name: string) => {
  mkdirSync(pictures, { recursive: true });
  return { path: join(pictures, `${name}.png`), fullPage: true };
};

describe('accessibility of the page', inBrowser, () => {
  test('can be used with only the keyboard', async () => {
    const page = await ready();
    /** The name of the element that has the focus, and whether that is visible. */
    const focused = () =>
      page.evaluate(() => {
        const { activeElement: element } = document;
        const outlined = [element, element?.closest('label')];
        return {
          name: element?.id || element?.textContent || '',
          visible: outlined.some((one) => one && getComputedStyle(one).outlineStyle !== 'none'),
        };
      });
    /** Presses Tab until an element has the focus; checks that each focus is visible. */
    const walkTo = async (where: string): Promise<void> => {
      for (let i = 0; i < 90; i++) {
        await page.keyboard.press('Tab');
        const { name, visible } = await focused();
        if (name === where) return;
        if (name !== '' && !visible) throw new Error(`no outline around ${name}`);
      }
      throw new Error(`cannot reach ${where}`);
    };
    await walkTo('train');
    await page.keyboard.press('Enter');
    await whenStepIs(page, 2);
    await walkTo('scrub');
    await page.keyboard.press('Home');
    expect(await attribute(page, '#scrub', 'aria-valuetext')).toBe('pure noise');
    await walkTo('0'); // the classes are one stop
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'Space']) await page.keyboard.press(key);
    expect(await attribute(page, '[aria-label="Draw the 3"]', 'aria-pressed')).toBe('true');
    await walkTo('easel');
    for (const key of ['ArrowLeft', 'ArrowUp', 'Space', 'ArrowUp', 'ArrowUp', 'Space']) await page.keyboard.press(key);
    expect(await attribute(page, '#easel', 'aria-label')).toMatch(
      /^A \d, [1-9]\d* % of it erased; brush at column 14, row 12$/,
    );
    await walkTo('fill');
    await page.keyboard.press('Enter');
    await until(page, () => document.querySelector('#repair-hint')?.textContent?.startsWith('Press one'));
  });
});

// in this order, on one page
describe('accessibility of a page in use', inBrowser, () => {
  let page: Visitor['page'];
  beforeAll(async () => {
    if (hasBrowser) page = await ready({ colorScheme: 'dark' });
  });
  afterAll(() => visit?.context.close());

  test.each(['dark', 'light'] as const)('can be read in the %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await press(page, 'Erase top');
    await page.screenshot(picture(colorScheme));
    const ground = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    expect(Math.max(...ground.match(/\d+/g)!.map(Number)) < 64).toBe(colorScheme === 'dark');
    const found = await contrasts(page);
    expect(found.length).toBeGreaterThan(40);
    expect(found.filter(({ ratio }) => ratio < 4.5)).toEqual([]); // WCAG 2.2, 1.4.3
  });

  test('redraws in other colours in dark mode', async () => {
    const brightest = async (): Promise<number> => {
      await whenShown(page);
      return page.$eval('#drawing canvas', (canvas) => {
        const { data } = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, 28, 28);
        return data.reduce(
          (most, byte, i) => (i % 4 !== 3 && data[i - (i % 4) + 3] === 255 ? Math.max(most, byte) : most),
          0,
        );
      });
    };
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await brightest()).toBeLessThan(64);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await brightest()).toBeGreaterThan(192);
  });

  test('has a name for every control, and announces changes', async () => {
    const tree = await page.locator('body').ariaSnapshot();
    expect(
      tree
        .split('\n')
        .filter((line) => /^\s*- (button|slider|radio|combobox|application|progressbar)(:|$| \[)/.test(line)),
    ).toEqual([]);
    for (const name of ['Start training', 'Play from noise to digits', 'Draw the 0', 'Fill in', 'Open…'])
      expect(tree).toContain(`"${name}"`);
    // records what is announced, since the next announcement may come before this test looks
    await page.evaluate(() => {
      const said = document.querySelector('[role=status]#said')!;
      document.body.dataset['heard'] = '';
      const record = () => (document.body.dataset['heard'] += `${said.textContent}\n`);
      new MutationObserver(record).observe(said, { childList: true });
    });
    await press(page, 'Start training');
    for (const text of ['Training until update 40', 'Training paused after update 40'])
      await until(page, (line) => document.body.dataset['heard']?.split('\n').includes(line), text);
  });

  test('does not move a slider that the user holds during training', async () => {
    await open(page, 'x.safetensors', await saved(page));
    await page.waitForSelector('text=Checkpoint opened');
    await press(page, 'Train 300 more');
    const guidance = page.getByRole('slider', { name: /^Guidance/ });
    await guidance.press('ArrowRight');
    expect(await guidance.inputValue()).toBe('3');
    await whenStepIs(page, (await stepOf(page)) + 10);
    expect(await guidance.inputValue()).toBe('3');
  });
});

describe('a phone', inBrowser, () => {
  let page: Visitor['page'];
  beforeAll(async () => {
    if (hasBrowser) page = await ready({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  });
  afterAll(() => visit?.context.close());

  test.each([390, 320])('fits a screen of %i pixels, with controls that are large enough', async (width) => {
    await page.setViewportSize({ width, height: 844 });
    await whenShown(page);
    await page.screenshot(picture(`phone-${width}`));
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    const small = await page.$$eval('button, .button, select, input[type=range], .choice label', (all) =>
      all.flatMap((one) => {
        const box = one.getBoundingClientRect();
        return box.width < 40 || box.height < 40 ? [`${one.id || one.textContent}: ${box.width}×${box.height}`] : [];
      }),
    );
    expect(small).toEqual([]); // WCAG 2.2, 2.5.8 requires 24; a thumb needs 40
  });
});
