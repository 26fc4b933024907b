/** The figure "Describe it". */
import { beforeAll, describe, expect, test } from 'vitest';
import { attribute, hasBrowser, inBrowser, type Visitor, until, visitors } from './browser.js';

const visitor = visitors();
let page: Visitor['page'];
let address: string;

/** Waits until the faces of a request after another one are complete; returns its number. */
const whenDrawn = async (after = -1): Promise<number> => {
  await until(page, (id) => Number(document.querySelector<HTMLElement>('#way')?.dataset['film'] || -1) > id, after);
  return Number(await attribute(page, '#way', 'data-film'));
};

/** The colours of the faces in sight: red, green and blue of the corner on the left at the top, and in the middle of the lowest row. */
const colours = () =>
  page.$$eval('#way figure:not([hidden]) canvas', (all) =>
    all.map((canvas) => {
      const context = (canvas as HTMLCanvasElement).getContext('2d')!;
      return [context.getImageData(0, 0, 1, 1), context.getImageData(8, 15, 1, 1)].map(({ data }) => [
        ...data.slice(0, 3),
      ]);
    }),
  );

const near = (one: readonly number[], other: readonly number[]): boolean =>
  one.every((n, i) => Math.abs(n - other[i]!) < 40);

const [PINK, BLUE] = [
  [0xff, 0xc2, 0xd1],
  [0xb6, 0xe3, 0xf4],
];
const [YELLOW, GREEN] = [
  [0xff, 0xc4, 0x25],
  [0x00, 0xa1, 0x52],
];

// in this order, on one page
describe('the figure "Describe it"', inBrowser, () => {
  let first: number;
  beforeAll(async () => {
    if (!hasBrowser) return;
    ({ page, address } = await visitor());
    await page.goto(`${address}?backend=wasm`);
    expect(await page.textContent('#draw-faces')).toMatch(/^Load the network of faces, 0[.][67] MB$/);
    await page.locator('#draw-faces').click();
    first = await whenDrawn();
  });

  test('draws faces from the first request to the last, in their colours', async () => {
    const seen = await colours();
    expect(seen).toHaveLength(9); // the hat is the same
    expect(near(seen[0]![0]!, PINK!)).toBe(true);
    expect(near(seen.at(-1)![0]!, BLUE!)).toBe(true);
    expect(near(seen[0]![1]!, YELLOW!)).toBe(true);
    expect(near(seen.at(-1)![1]!, GREEN!)).toBe(true);
    expect(await page.locator('#way figcaption:visible').allInnerTexts()).toEqual([
      ...['the first', 'hair: curly', 'hair colour: orange', 'skin: tan', 'mouth: surprised'],
      ...['glasses: dark', 'beard: full', 'clothing: green', 'background: blue'],
    ]);
  });

  test('draws again when an attribute is chosen, and says which pairs training never shows', async () => {
    expect(await page.textContent('#unseen-pairs')).toBe(
      'No face of the training has “hair: long” and “hair colour: blue”.',
    );
    await page.getByLabel('background of the first face').selectOption('blue');
    await page.getByLabel('hair of the first face').selectOption('bob');
    await whenDrawn(first + 1);
    const seen = await colours();
    expect(seen).toHaveLength(8); // the background is the same too
    expect(near(seen[0]![0]!, BLUE!)).toBe(true);
    expect(await page.textContent('#unseen-pairs')).toBe('');
    expect(await page.textContent('#faces-code')).toContain("background: ['blue'],");
  });

  test('is the same for whoever opens its link', async () => {
    await page.waitForFunction(() => location.hash.includes('face='));
    const { href } = new URL(page.url());
    const pictures = () =>
      page.$$eval('#way canvas', (all) => all.map((canvas) => (canvas as HTMLCanvasElement).toDataURL()));
    const before = await pictures();
    await page.goto('about:blank');
    await page.goto(`${href}&figure=faces`);
    await whenDrawn();
    expect(await pictures()).toEqual(before);
  });

  test('says if its network cannot be loaded, and tries again', async () => {
    await page.context().route('**/faces.bin', (route) => route.abort());
    await page.goto('about:blank');
    await page.goto(`${address}?backend=wasm#figure=faces`);
    await page.getByText('The network of faces could not be loaded').waitFor();
    await page.context().unroute('**/faces.bin');
    await page.getByRole('button', { name: 'Try again' }).click();
    await whenDrawn();
  });
});
