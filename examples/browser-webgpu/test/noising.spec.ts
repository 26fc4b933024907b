import { describe, expect, test } from 'vitest';
import { attribute, inBrowser, inkOf, press, until, type Visit, type Visitor, visitors, whenShown } from './browser.js';

const visitor = visitors();
let visit: Visitor | null = null;

/** The page, whose worker never answers: the figure needs none. */
const figure = async (hash = '', options: Visit = {}) => {
  visit = await visitor(options);
  await visit.context.route('**/assets/main-*.js', () => undefined);
  const { page, address } = visit;
  await page.goto(address + hash);
  await until(page, () => document.querySelector('#alpha')?.textContent !== '');
  return page;
};
type Page = Visitor['page'];

const pictures = (page: Page) => inkOf(page, '#noising canvas');
const slider = (page: Page) => page.getByRole('slider', { name: /^Time t/ });
const hash = async (page: Page, expected: string): Promise<void> => {
  await until(page, (text) => location.hash === text, expected);
};

/** Waits until an element has a text: the figure is drawn in the next frame. */
const shows = async (page: Page, selector: string, text: string): Promise<void> => {
  await until(page, ([place, wanted]) => document.querySelector(place!)?.textContent === wanted, [selector, text]);
};

describe('the figure "Add noise"', inBrowser, () => {
  test('mixes the digit and the noise, by the keyboard and without a worker', async () => {
    const page = await figure('#path=rectifiedFlow');
    await slider(page).press('Home');
    await shows(page, '#alpha', '× 1.00');
    const [digit, noise, start] = await pictures(page);
    expect(start).toEqual(digit);
    expect(await attribute(page, '#t', 'aria-valuetext')).toBe('0 of 1000, 100 % signal');
    await slider(page).press('End');
    await shows(page, '#alpha', '× 0.00');
    expect((await pictures(page))[2]).toEqual(noise);
    expect(digit).not.toEqual(noise);
    await slider(page).press('ArrowLeft');
    await shows(page, '#alpha', '× 0.01');
    await shows(page, '#sigma', '× 0.99');
    await hash(page, '#digit=2&seed=1&path=rectifiedFlow&t=990');
  });

  test('is the same for whoever opens its link', async () => {
    const page = await figure();
    await page.getByRole('radio', { name: '8', exact: true }).check();
    await page.getByRole('radio', { name: 'scaled linear' }).check();
    const before = await pictures(page);
    await press(page, 'New noise');
    const shown = await pictures(page);
    expect(shown[0]).toEqual(before[0]);
    expect(shown[1]).not.toEqual(before[1]);
    await hash(page, '#digit=8&seed=2&path=scaledLinear&t=400');
    const link = new URL(page.url()).hash;
    await visit?.context.close();
    const other = await figure(link);
    expect(await pictures(other)).toEqual(shown);
    expect(await other.getByRole('radio', { name: 'scaled linear' }).isChecked()).toBe(true);
    // the same page may follow another link
    await other.evaluate(() => {
      location.hash = '#digit=5';
    });
    await until(other, () => document.querySelector<HTMLInputElement>('[value="5"]')?.checked);
  });

  test('drops only the invalid parts of a link', async () => {
    const page = await figure('#digit=12&path=linear&t=645&seed=x');
    await hash(page, '#digit=2&seed=1&path=linear&t=400');
    expect(await page.locator('#noising').getByRole('radio', { name: 'linear', exact: true }).isChecked()).toBe(true);
    expect(await page.locator('#notices').textContent()).toBe('');
  });

  test('shows its lines of noisefold and the numbers of DDPM', async () => {
    const page = await figure('#path=linear&t=1000');
    await page.locator('#noising summary').press('Enter');
    expect(await page.locator('#code').innerText()).toBe(
      'const noising = unwrap(ddpm(linear(1000)))\nconst { alpha, sigma } = pathOf(noising).levelAt(999)',
    );
    // ᾱ_T = 4.04e-5 of the linear schedule, whose log-SNR is log(ᾱ/(1 - ᾱ)) = -10.12
    expect(await page.locator('#equation').innerText()).toBe(
      'At t = 1000 it is 0.01 · x₀ + 1.00 · ε, and the log-SNR is −10.12.',
    );
  });

  test('says if its numbers cannot be loaded', async () => {
    visit = await visitor();
    const { page, context, address } = visit;
    await context.route('**/noising.bin', (route) => route.abort());
    await page.goto(`${address}?recipe=tiny&backend=wasm`);
    await page.waitForSelector('text=could not be loaded');
    await whenShown(page);
  });
});
