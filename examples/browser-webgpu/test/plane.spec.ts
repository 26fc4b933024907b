import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pointsOf, spiral } from '../page/plane.js';
import { ARROWS, DOTS, UPDATES } from '../shared/plane.js';
import {
  attribute,
  hasBrowser,
  inBrowser,
  inkOf,
  press,
  until,
  type Visit,
  type Visitor,
  visitors,
  whenShown,
} from './browser.js';

const visitor = visitors();
let visit: Visitor | null = null;

type Page = Visitor['page'];

/** A film that the page got, and when. */
interface Film {
  readonly of: 'exact' | 'learned';
  readonly training: number;
  readonly steps: number;
  readonly updates: number;
  /** Of training, and since the page began. */
  readonly milliseconds: number;
  readonly at: number;
  /** The places where the dots end, x and y one after another. */
  readonly ends: readonly number[];
}

/** Records the films that the page gets. */
const record = ([dots, row]: readonly [number, number]): void => {
  const films: Film[] = [];
  Object.assign(globalThis, {
    films,
    Worker: class extends Worker {
      constructor(...given: ConstructorParameters<typeof Worker>) {
        super(...given);
        this.addEventListener('message', ({ data }) => {
          if (data._tag !== 'PlaneFilm') return;
          const end = (data.steps - 1) * row + 2 * dots;
          const { frames, levels: _, _tag, ...rest } = data;
          films.push({ ...rest, at: performance.now(), ends: [...frames.slice(end, end + 2 * dots)] });
        });
      }
    },
  });
};

const filmsOf = (page: Page): Promise<readonly Film[]> =>
  page.evaluate(() => (globalThis as unknown as { readonly films: readonly Film[] }).films);

/** The page with the figure in view. */
const figure = async (hash = '', options: Visit = {}): Promise<Page> => {
  visit = await visitor({ reducedMotion: 'reduce', ...options });
  const { page, address } = visit;
  await page.addInitScript(record, [DOTS, 2 * (2 * DOTS + ARROWS ** 2)] as const);
  await page.goto(`${address}?recipe=tiny&backend=wasm${hash}`);
  await page.evaluate(() => performance.mark('seen'));
  await page.locator('.planes').scrollIntoViewIfNeeded();
  return page;
};

const whenTrained = (page: Page): Promise<unknown> =>
  until(page, () => document.querySelector('#plane-train')?.textContent === 'Train it again');

/** Waits for the films of a training. */
const whenFilmed = (page: Page, training: number, of: Film['of'] = 'exact'): Promise<unknown> =>
  until(
    page,
    ([wanted, denoiser]) =>
      (globalThis as unknown as { films: Film[] }).films.some(
        (film) => film.training === wanted && film.of === denoiser,
      ),
    [training, of] as const,
  );

const hash = (page: Page, expected: string): Promise<unknown> =>
  until(page, (text) => location.hash.endsWith(text), expected);

/** The distance of each dot to the nearest of some places. */
const distances = (ends: readonly number[], places: readonly (readonly [number, number])[]): readonly number[] =>
  Array.from({ length: ends.length / 2 }, (_, i) =>
    Math.min(...places.map(([x, y]) => Math.hypot(x - ends[2 * i]!, y - ends[2 * i + 1]!))),
  );
const share = (numbers: readonly number[], most: number): number =>
  numbers.filter((n) => n < most).length / numbers.length;

const pairs = (bytes: ArrayLike<number>): readonly (readonly [number, number])[] =>
  Array.from(
    { length: bytes.length / 2 },
    (_, i) => [bytes[2 * i]! / 127.5 - 1, bytes[2 * i + 1]! / 127.5 - 1] as const,
  );

const curve = Array.from({ length: 1000 }, (_, i) => spiral(i / 999));

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

/** The milliseconds in which the page draws each step that the slider goes to. */
const drags = (page: Page): Promise<readonly number[]> =>
  page.evaluate(async () => {
    const slider = document.querySelector<HTMLInputElement>('#plane-at')!;
    const frame = () => new Promise<number>((resolve) => requestAnimationFrame(() => resolve(performance.now())));
    const found: number[] = [];
    for (let k = 0; k < 25; k++) {
      const before = frame(); // of the same frame as the drawing, before and after it
      slider.value = `${k}`;
      slider.dispatchEvent(new Event('input', { bubbles: true }));
      const after = frame();
      found.push((await after) - (await before));
    }
    return found;
  });

// in this order, on one page
describe('the figure "Plot it"', inBrowser, () => {
  let page: Page;
  beforeAll(async () => {
    if (hasBrowser) page = await figure();
  });
  afterAll(() => page?.context().close());

  test('sends all dots to the points by the exact denoiser, and along the whole curve by the network', async () => {
    await whenTrained(page);
    const films = await filmsOf(page);
    const [exact, ...learned] = films;
    const points = pairs(pointsOf('spiral'));
    expect(exact?.of).toBe('exact');
    expect(share(distances(exact!.ends, points), 0.01)).toBeGreaterThan(0.95);
    const last = learned.at(-1)!;
    expect(last.updates).toBe(UPDATES);
    expect(share(distances(last.ends, curve), 0.1)).toBeGreaterThan(0.9);
    expect(share(distances(last.ends, points), 0.01)).toBeLessThan(0.3);
    const near = (ends: readonly number[]) =>
      `${Math.round(100 * share(distances(ends, points), 0.1))} % of the dots end within 0.1 of a point`;
    expect(await page.textContent('#exact-end')).toBe(near(exact!.ends));
    const text = (await page.textContent('#learned-end'))!;
    expect(text).toMatch(/; 2000 updates in [\d.]+ s$/);
    expect(text.startsWith(near(last.ends))).toBe(true);
    expect(Number.parseInt(text, 10)).toBeGreaterThanOrEqual(85); // a success reads as one

    const close = learned.find(({ ends }) => share(distances(ends, curve), 0.1) >= 0.9)!;
    const start = await page.evaluate(() => performance.getEntriesByName('seen')[0]!.startTime);
    const filming = learned.slice(1).map((film, i) => film.at - learned[i]!.at - (film.milliseconds - learned[i]!.milliseconds)); // oxfmt-ignore
    const dragging = await drags(page);
    console.log(
      [
        `the plane: 90 % of the dots are within 0.1 of the spiral after ${close.updates} updates, ${(close.milliseconds / 1000).toFixed(1)} s of training`,
        `and ${((close.at - start) / 1000).toFixed(1)} s since it came into view;`,
        `a film with its transfer takes ${median(filming).toFixed(1)} ms (median);`,
        `a step of the slider takes ${median(dragging).toFixed(1)} ms (median), ${Math.max(...dragging).toFixed(1)} ms (most)`,
      ].join(' '),
    );
  });

  test('learns a preset, another path, prediction and number of steps, which stand in the link', async () => {
    await page.getByRole('radio', { name: 'two moons' }).check();
    await whenFilmed(page, 1);
    await page.getByRole('radio', { name: 'flow matching' }).nth(1).check();
    await page.getByRole('radio', { name: 'velocity' }).check();
    await whenFilmed(page, 3);
    expect(await page.getByRole('radio', { name: 'noise ε' }).isDisabled()).toBe(true);
    await page.locator('[name=pointSteps][value="2"]').check();
    await until(page, () => (globalThis as unknown as { films: Film[] }).films.at(-1)?.steps === 2);
    await hash(page, '&points=moons&pointPath=rectifiedFlow&predicts=velocity&pointSteps=2&pointSeed=1&pointAt=2');
    const link = new URL(page.url()).hash;
    const other = await figure(link);
    await whenFilmed(other, 1);
    expect(await other.getByRole('radio', { name: 'two moons' }).isChecked()).toBe(true);
    expect(await attribute(other, '#plane-at', 'max')).toBe('2');
    await other.locator('#plane summary').press('Enter');
    expect(await other.locator('#plane-code').innerText()).toContain("network('velocity')");
  });
});

// in this order, on one page
describe('the figure "Plot it" before its training ends', inBrowser, () => {
  let page: Page;
  beforeAll(async () => {
    if (hasBrowser) page = await figure('', { colorScheme: 'dark' });
  });
  afterAll(() => page?.context().close());

  test('opens in the colours of the dark, and changes to those of the light', async () => {
    await whenFilmed(page, 0);
    const colours = (selector: string) =>
      page.$eval(selector, (canvas) => {
        if (!(canvas instanceof HTMLCanvasElement)) throw new Error('no canvas');
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
        const opaque = Array.from({ length: data.length / 4 }, (_, k) => [...data.subarray(4 * k, 4 * k + 4)]);
        return [...new Set(opaque.filter(([, , , alpha]) => alpha === 255).map((rgba) => rgba.slice(0, 3).join(', ')))];
      });
    for (const [colorScheme, accent, ink] of [
      ['dark', '141, 162, 251', '236, 235, 231'],
      ['light', '59, 91, 219', '29, 28, 26'],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await whenShown(page);
      expect(await colours('#points')).toContain(accent);
      expect(await colours('#exact')).toEqual(expect.arrayContaining([accent, ink]));
    }
  });

  test('shows the steps by the slider and the keyboard, and plays them only on demand if motion is reduced', async () => {
    await whenFilmed(page, 0, 'learned');
    await press(page, 'Pause the network');
    const slider = page.locator('#plane-at');
    await slider.press('Home');
    await hash(page, '&pointAt=0');
    expect(await attribute(page, '#plane-at', 'aria-valuetext')).toBe('step 0 of 25');
    const [exact, learned] = await inkOf(page, '.planes canvas:not(#points)');
    expect(exact).not.toEqual(learned); // the same noise, and other arrows
    await slider.press('ArrowRight');
    expect((await inkOf(page, '#exact'))[0]).not.toEqual(exact);
    await slider.press('Home');
    expect((await inkOf(page, '#exact'))[0]).toEqual(exact);
    await press(page, 'Play from noise to points');
    await until(page, () => document.querySelector('#plane-step')?.textContent !== 'step 0 of 25');
    await press(page, 'Stop the dots');
    const moving = await figure('', { reducedMotion: 'no-preference' });
    await moving.getByRole('button', { name: 'Stop the dots' }).waitFor();
  });

  test('learns what is drawn with the mouse, and with the keyboard', async () => {
    await whenFilmed(page, 0);
    const { x, y, width } = (await page.locator('#points').boundingBox())!;
    await page.mouse.move(x + 0.3 * width, y + 0.5 * width);
    await page.mouse.down();
    await page.mouse.move(x + 0.7 * width, y + 0.5 * width, { steps: 30 });
    await page.mouse.up();
    await whenFilmed(page, 2);
    const drawn = (await filmsOf(page)).find(({ training }) => training === 2)!;
    // a line from -0.6 to 0.6 along the x axis
    expect(Math.max(...drawn.ends.filter((_, i) => i % 2 === 1).map(Math.abs))).toBeLessThan(0.05);
    const along = drawn.ends.filter((_, i) => i % 2 === 0);
    expect([Math.min(...along), Math.max(...along)]).toEqual([expect.closeTo(-0.6, 1), expect.closeTo(0.6, 1)]);
    const count = async () => Number.parseInt((await page.textContent('#points-keys'))!, 10);
    const before = await count();
    for (const key of ['ArrowUp', 'ArrowUp', 'ArrowUp', ' ']) await page.locator('#points').press(key);
    await whenFilmed(page, 3);
    expect(await count()).toBe(before + 1);
  });
});

describe('the figure "Plot it" on other pages', inBrowser, () => {
  test('scrolls by touch until the brush is chosen', async () => {
    const page = await figure('', { hasTouch: true });
    const action = () => page.$eval('#points', (canvas) => getComputedStyle(canvas).touchAction);
    await page.locator('#points').tap();
    await whenShown(page);
    expect(await action()).toBe('auto');
    expect(await page.textContent('#points-keys')).toMatch(/^48 points/);
    await press(page, 'Draw your own');
    expect(await action()).toBe('none');
    await page.locator('#points').tap();
    await whenFilmed(page, 2);
    expect(await page.textContent('#points-keys')).toMatch(/^1 point/);
  });

  test('says if its worker stops, and starts another one', async () => {
    visit = await visitor({ reducedMotion: 'reduce' });
    const { page, context, address } = visit;
    let isBroken = true;
    await context.route('**/assets/main-*.js', (route) => (isBroken ? route.abort() : route.continue()));
    await page.addInitScript(record, [DOTS, 2 * (2 * DOTS + ARROWS ** 2)] as const);
    await page.goto(`${address}?recipe=tiny&backend=wasm`);
    await page.locator('.planes').scrollIntoViewIfNeeded();
    await page.waitForSelector('text=The network of the plane stopped');
    isBroken = false;
    await press(page, 'Try again');
    await whenFilmed(page, 0);
    expect(await page.locator('#notices').textContent()).not.toContain('The network of the plane stopped');
  });
});
