/** The page around its figures: links, sharing, embedding, a phone, and the folder below another path. */
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  hasBrowser,
  inBrowser,
  inkOf,
  press,
  until,
  type Visit,
  type Visitor,
  visitors,
  whenReady,
  whenShown,
} from './browser.js';

const visitor = visitors();
let visit: Visitor | null = null;

const opened = async (path = '', options: Visit = {}) => {
  visit = await visitor(options);
  await visit.page.goto(visit.address + path);
  await until(visit.page, () => document.querySelector('#alpha')?.textContent !== '');
  return visit.page;
};

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } as const;
const QUICK = '?recipe=tiny&backend=wasm';

// in this order, on one page
describe('the frame of the page', inBrowser, () => {
  let page: Visitor['page'];
  beforeAll(async () => {
    if (hasBrowser) page = await opened(QUICK, { permissions: ['clipboard-read', 'clipboard-write'] });
  });
  afterAll(() => page?.context().close());

  test('has six figures in one column', async () => {
    expect(await page.locator('main > section h2').allInnerTexts()).toEqual([
      'Add noise',
      'Remove it',
      'Guide it',
      'Describe it',
      'Plot it',
      'Use it',
    ]);
    const lefts = await page.$$eval('main > section', (all) => all.map((one) => one.getBoundingClientRect().left));
    expect(new Set(lefts).size).toBe(1);
  });

  /** The file that a button of a figure saves. */
  const fileOf = async (figure: string, name: string): Promise<Buffer> => {
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.locator(`#${figure}`).getByRole('button', { name }).click(),
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  };

  /** Waits for the answer of a button that shares the first figure, beside it. */
  const answer = async (expected: RegExp): Promise<void> => {
    const place = page.locator('#noising .share output', { hasText: expected });
    await place.waitFor();
    expect((await place.boundingBox())!.width).toBeGreaterThan(200);
  };

  test('saves a picture whose captions stay within its margins, also on a phone', async () => {
    const size = page.viewportSize()!;
    await page.setViewportSize({ width: 390, height: 844 });
    const bytes = await fileOf('plane', 'Save PNG');
    await page.setViewportSize(size);
    const { data, info } = await sharp(bytes).greyscale().raw().toBuffer({ resolveWithObject: true });
    const isMargin = (i: number): boolean => {
      const x = i % info.width;
      return Math.min(x, info.width - 1 - x) < 2 * 16;
    };
    expect(new Set(data.filter((_, i) => isMargin(i))).size).toBe(1);
    expect(new Set(data).size).toBeGreaterThan(2);
  });

  test('saves a picture and a film', async () => {
    for (const [name, magic] of [
      ['Save PNG', '\u0089PNG'],
      ['Save GIF', 'GIF89a'],
    ] as const) {
      const bytes = await fileOf('noising', name);
      await answer(new RegExp(`^Saved noising[.]${name.slice(-3).toLowerCase()}[.]$`));
      console.log(`${name}: ${(bytes.length / 1000).toFixed(0)} kB`);
      expect(bytes.subarray(0, magic.length).toString('latin1')).toBe(magic);
    }
    // the time is where it was
    expect(await page.getByRole('slider', { name: /^Time t/ }).inputValue()).toBe('400');
  });

  test('gives lines that embed a figure alone, without controls if asked', async () => {
    await page.locator('#noising').getByRole('button', { name: 'Embed' }).click();
    await answer(/^Lines for your page copied[.] .* the seed of the noise[.] .* &hide=controls /);
    const lines = await page.evaluate(() => navigator.clipboard.readText());
    const source = await page.evaluate((html) => {
      const frame = new DOMParser().parseFromString(html, 'text/html').querySelector('iframe');
      return `${frame?.title} ${frame?.src}`;
    }, lines);
    expect(source).toMatch(/^Add noise http.*[?]backend=portable&embed=noising#digit=2&seed=1&path=cosine&t=400$/);
    const alone = await page.context().newPage();
    await alone.goto(`${source.slice('Add noise '.length).replace('#', '&hide=controls#')}`);
    await whenShown(alone);
    const visible = await alone.$$eval('h1, h2, footer, button, fieldset', (all) =>
      all.filter((one) => one.checkVisibility()).map((one) => one.textContent),
    );
    expect(visible).toEqual(['Add noise']);
    await alone.close();
    await page.bringToFront();
  });

  test('copies a link that shows the same figure in another profile', async () => {
    await page.getByRole('radio', { name: '8', exact: true }).check();
    await page.getByRole('slider', { name: /^Time t/ }).press('ArrowRight');
    await page.locator('#noising').getByRole('button', { name: 'Copy link' }).click();
    await answer(/^Link copied[.] .* the seed of the noise[.] .* all who open it see the same picture/);
    const link = new URL(await page.evaluate(() => navigator.clipboard.readText()));
    expect(link.hash).toBe('#digit=8&seed=1&path=cosine&t=410&figure=noising');
    const shown = await inkOf(page, '#noising canvas');
    const other = await opened(QUICK + link.hash);
    expect(await inkOf(other, '#noising canvas')).toEqual(shown);
  });

  test('has a menu that scrolls to the figures, and keeps the choices in the link', async () => {
    await page.evaluate(() => (location.hash = '#digit=5&seed=2&path=linear&t=300'));
    await page.getByRole('link', { name: 'Plot it' }).click();
    await until(page, () => Math.abs(document.querySelector('#plane')!.getBoundingClientRect().top) < 40);
    await until(page, () => location.hash === '#digit=5&seed=2&path=linear&t=300');
    // a link that is opened in the same tab
    await page.evaluate(() => (location.hash = '#digit=8&seed=2&path=linear&t=300&figure=noising'));
    await until(page, () => Math.abs(document.querySelector('#noising')!.getBoundingClientRect().top) < 40);
    expect(await page.getByRole('radio', { name: '8', exact: true }).isChecked()).toBe(true);
  });

  test('keeps the height of its cards when a control changes', async () => {
    await whenReady(page);
    const heights = () => page.$$eval('.card', (all) => all.map((one) => one.getBoundingClientRect().height));
    const before = await heights();
    for (const key of ['Home', 'End']) {
      await page.locator('#guidance').press(key);
      await whenShown(page);
      expect(await heights()).toEqual(before);
    }
    await press(page, 'Erase top');
    expect(await heights()).toEqual(before);
  });
});

describe('the frame of other pages', inBrowser, () => {
  test('moves on its first screen until it is touched, and not for those who prefer less motion', async () => {
    const page = await opened(QUICK, { ...phone, reducedMotion: 'no-preference' });
    const seen = () => page.locator('#xt').evaluate((xt) => xt.getBoundingClientRect().bottom <= innerHeight);
    expect(await seen()).toBe(true);
    const time = () => page.locator('#t').inputValue();
    const before = await time();
    await until(page, (old) => document.querySelector<HTMLInputElement>('#t')?.value !== old, before);
    await page.locator('h1').tap();
    await whenShown(page);
    const rest = await time();
    await page.waitForTimeout(500);
    expect(await time()).toBe(rest);
    await visit?.context.close();
    const still = await opened(QUICK, phone);
    await still.waitForTimeout(500);
    expect(await still.locator('#t').inputValue()).toBe('400');
  });

  test.each(['', '&embed=noising', '&embed=removing', '&embed=guiding', '&embed=plane', '&embed=use'])(
    'has pictures that neither overlap nor leave their card, from 700 to 899 pixels: %s',
    async (embed) => {
      const alone = await opened(QUICK + embed);
      for (const width of [700, 768, 899]) {
        await alone.setViewportSize({ width, height: 900 });
        await whenShown(alone);
        const boxes = await alone.$$eval('main canvas', (all) =>
          all
            .filter((one) => one.checkVisibility())
            .map((one) => {
              const { left, right, top, bottom } = one.getBoundingClientRect();
              const card = one.closest('.card')!.getBoundingClientRect();
              return { left, right, top, bottom, isInside: left > card.left && right < card.right };
            }),
        );
        expect(boxes.length).toBeGreaterThan(2);
        expect(Math.min(...boxes.map((box) => box.right - box.left))).toBeGreaterThanOrEqual(24);
        expect(boxes.filter(({ isInside }) => !isInside)).toEqual([]);
        const overlaps = boxes.flatMap((one, i) =>
          boxes
            .slice(0, i)
            .filter(
              ({ left, right, top, bottom }) =>
                one.left < right && left < one.right && one.top < bottom && top < one.bottom,
            ),
        );
        expect(overlaps).toEqual([]);
        expect(await alone.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      }
    },
  );

  test.each([
    ['noising', '#t'],
    ['removing', '#column'],
  ])('moves an embedded figure without controls by itself: %s', async (name, slider) => {
    const page = await opened(`?backend=wasm&embed=${name}&hide=controls#digit=3&t=400`, { reducedMotion: 'no-preference' }); // oxfmt-ignore
    const before = await page.inputValue(slider);
    await until(page, ([id, old]) => document.querySelector<HTMLInputElement>(id!)?.value !== old, [slider, before]);
  });

  test('lets a finger scroll over the digit until it takes the brush', async () => {
    const page = await opened(QUICK, phone);
    const action = () => page.locator('#easel').evaluate((easel) => getComputedStyle(easel).touchAction);
    expect(await action()).toBe('auto');
    await page.locator('#easel').tap();
    await whenShown(page);
    expect(await action()).toBe('none');
    await page.locator('h1').tap();
    await whenShown(page);
    expect(await action()).toBe('auto');
  });

  test('works below another path, on a host that sends no headers', async () => {
    const { page, address } = await visitor({ headers: {}, below: '/some/folder/' });
    await page.goto(`${address}some/folder/${QUICK}`);
    await whenReady(page); // after the service worker has reloaded it
    expect(await page.textContent('#backend')).toMatch(/^on WebAssembly, \d+ thread/);
    expect(new URL(page.url()).pathname).toBe('/some/folder/');
  });
});
