import { beforeAll, describe, expect, test } from 'vitest';
import { attribute, hasBrowser, inBrowser, inkOf, press, until, type Visitor, visitors } from './browser.js';

const visitor = visitors();
type Page = Visitor['page'];

const figure = async (hash: string, permissions: readonly string[] = []): Promise<Visitor> => {
  const visit = await visitor({ permissions: [...permissions] });
  await visit.page.goto(`${visit.address}?recipe=tiny&backend=wasm${hash}`);
  return visit;
};

/** The pictures of a part of the figure. */
const strip = (page: Page) => inkOf(page, '#strip canvas');
const ways = (page: Page) => inkOf(page, '#ways canvas');

/** Waits until all ways back of a request are complete, and returns its number. */
const whenDrawn = async (page: Page, after = -1): Promise<number> => {
  const shown = await until(
    page,
    (number) => {
      const film = document.querySelector<HTMLElement>('#removing')?.dataset['film'] ?? '';
      return film !== '' && Number(film) > number ? { film: Number(film) } : null;
    },
    after,
  );
  return (await shown.jsonValue())!.film;
};

/** The pictures and choices of the figure in a new profile. */
const linked = async ({ search, hash }: URL) => {
  const { page, context, address } = await visitor();
  await page.goto(address + search + hash);
  await whenDrawn(page);
  const pictures = await ways(page);
  const column = await page.inputValue('#column');
  const isByClass = await page.getByRole('radio', { name: 'which digit', exact: true }).isChecked();
  await context.close();
  return { pictures, column, isByClass };
};

const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.sqrt(a.reduce((sum, ink, i) => sum + (ink - b[i]!) ** 2, 0) / a.length);

// the first three tests in this order, on one page, which loads the network once
describe('the figure "Remove it"', inBrowser, () => {
  let page: Page;
  beforeAll(async () => {
    if (hasBrowser)
      ({ page } = await figure('#digit=3&seed=1&path=cosine&t=400', ['clipboard-read', 'clipboard-write']));
  });

  /** Follows a link in the page, and waits until all ways back are drawn. Returns the number of the request. */
  const follow = async (hash: string): Promise<number> => {
    const shown = await page.getAttribute('#removing', 'data-film');
    await page.evaluate((link) => (location.hash = link), hash);
    return whenDrawn(page, Number(shown));
  };

  test('goes from exactly the x_t of the first figure back to nearly its digit, by the shipped network', async () => {
    await until(page, () => document.querySelector('#alpha')?.textContent !== '');
    expect((await strip(page))[0]).toEqual((await inkOf(page, '#xt'))[0]);
    await page.locator('#load', { hasText: /^Load the network, 0[.]6 MB$/ }).click();
    await whenDrawn(page);
    const [digit, , xt] = await inkOf(page, '#noising canvas');
    const columns = await strip(page);
    expect(columns).toHaveLength(22);
    expect(columns[0]).toEqual(xt);
    const last = columns[20]!;
    expect(distance(last, digit!)).toBeLessThan(distance(xt!, digit!) / 2);
    const [one, , , twenty] = await ways(page);
    expect(twenty).toEqual(last);
    expect(one).not.toEqual(twenty);
    expect(await page.textContent('#load')).toBe('The network is loaded');
    expect(await page.textContent('#removing')).toContain(' 28,800 digits'); // 16 in each of 1,800 updates
  });

  test('is scrubbed by the keyboard, and follows the first figure', async () => {
    const first = await follow('#digit=8&seed=2&path=linear&t=500');
    const slider = page.getByRole('slider', { name: /^On the way back/ });
    expect(await attribute(page, '#column', 'aria-valuetext')).toMatch(/^t = 500, \d+ % signal$/);
    await slider.press('End');
    expect(await attribute(page, '#column', 'aria-valuetext')).toBe('t = 0, 100 % signal');
    expect((await inkOf(page, '#still'))[0]).toEqual((await strip(page))[20]);
    const before = await strip(page);
    await press(page, 'New noise');
    await until(page, () => location.hash.includes('seed=3'));
    await whenDrawn(page, first);
    expect((await strip(page))[20]).not.toEqual(before[20]);
  });

  test('is the same in other profiles by a link, which loads the network: to the byte on the kernels of links', async () => {
    const first = await follow('#digit=3&seed=1&path=cosine&t=700&column=0');
    await page.getByRole('radio', { name: 'nothing', exact: true }).check();
    await whenDrawn(page, first);
    await page.getByRole('slider', { name: /^On the way back/ }).press('ArrowRight');
    await page.locator('#removing').getByRole('button', { name: 'Copy link' }).click();
    await page.locator('#removing .share output', { hasText: 'Link copied.' }).waitFor();
    const link = new URL(await page.evaluate(() => navigator.clipboard.readText()));
    expect(link.search + link.hash).toBe(
      '?backend=portable#digit=3&seed=1&path=cosine&t=700&column=1&byClass=no&figure=removing',
    );
    const shown = await ways(page);
    const [one, other] = [await linked(link), await linked(link)];
    expect(one).toEqual(other);
    expect(one.pictures).toHaveLength(shown.length);
    one.pictures.forEach((picture, i) => expect(distance(picture, shown[i]!)).toBeLessThan(1)); // of 255
    expect(one).toMatchObject({ column: '1', isByClass: false });
  });

  test('says if the network cannot be loaded, and tries again', async () => {
    const { page: other, context } = await figure('#t=400');
    await context.route('**/network.bin', (route) => route.abort());
    await other.locator('#load').click();
    await other.waitForSelector('text=The network could not be loaded');
    await context.unroute('**/network.bin');
    await press(other, 'Try again');
    await whenDrawn(other);
  });
});
