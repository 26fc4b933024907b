import { beforeEach, describe, expect, test } from 'vitest';
import {
  beforeWorker,
  hasBrowser,
  inBrowser,
  hide,
  open,
  pause,
  press,
  saved,
  stepOf,
  trainOut,
  until,
  type Visitor,
  visitors,
  whenDone,
  whenReady,
  whenStepIs,
  whenTrained,
} from './browser.js';

/** The network for tests, whose drawings take one step: only their captions are tested here. */
const TINY = '?recipe=tiny&backend=wasm&steps=1';

/** A goal that is not reached before a test on a busy machine presses a button. */
const LONG = 600;

/** The steps after a stop: more than the recipe changes its rate of learning. */
const REST = 60;

const visitor = visitors();
let visit: Visitor;
beforeEach(async () => {
  if (hasBrowser) visit = await visitor();
});

const begin = async (query = TINY): Promise<void> => {
  await visit.page.goto(`${visit.address}${query}`);
  await whenReady(visit.page);
};

describe('training in the page', inBrowser, () => {
  test('saved, stopped, reloaded and resumed, it ends with the bytes of an undisturbed training', async () => {
    const { page } = visit;
    await begin(`${TINY}&goal=${LONG}`);
    await press(page, 'Start training');
    await whenStepIs(page, 3);
    await pause(page);
    const half = await saved(page);
    const step = await stepOf(page);
    expect(step).toBeGreaterThanOrEqual(3);
    expect(step).toBeLessThan(LONG);

    // saved by the browser, and trained to a goal nearby
    const goal = step + REST;
    await begin(`${TINY}&goal=${goal}`);
    expect(await page.textContent('#notices')).toContain(`resumes after update ${step}`);
    expect(await stepOf(page)).toBe(step);
    await trainOut(page, 'Resume');
    const reloaded = await saved(page);

    // saved as a file
    await open(page, 'half.safetensors', half);
    await until(page, (text) => document.querySelector('#step')?.textContent === text, `${step} / ${goal}`);
    await page.locator('.row').getByRole('button', { name: 'Resume' }).click();
    await whenTrained(page);
    const opened = await saved(page);

    await visit.context.close();
    visit = await visitor(); // a new visitor
    await begin(`${TINY}&goal=${goal}`);
    await trainOut(visit.page, 'Start training');
    const undisturbed = await saved(visit.page);
    expect(Buffer.compare(reloaded, undisturbed)).toBe(0);
    expect(Buffer.compare(opened, undisturbed)).toBe(0);
  });

  test('goes on from a file as soon as it is opened, while this browser still saves it', async () => {
    const { page, context } = visit;
    await beforeWorker(
      context,
      `{
        const put = Cache.prototype.put;
        Cache.prototype.put = async function (...given) {
          await new Promise((resolve) => setTimeout(resolve, 1500));
          return put.apply(this, given);
        };
      }
      `,
    );
    await begin(`${TINY}&goal=${LONG}`);
    await press(page, 'Start training');
    await whenStepIs(page, 3);
    await pause(page);
    const [half, step] = [await saved(page), await stepOf(page)];
    await press(page, 'Resume');
    await whenStepIs(page, step + 3);
    await pause(page);
    await open(page, 'half.safetensors', half);
    await until(page, (n) => document.querySelector('#step')?.textContent === `${n} / 600`, step);
    await page.locator('.row').getByRole('button', { name: 'Resume' }).click();
    await whenStepIs(page, step + 2);
  });

  test('loads its digits when it is told to train, and draws without them', async () => {
    const { page } = visit;
    let release: () => void = () => undefined;
    let requests = 0;
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route('**/digits.bin', async (route) => {
      requests++;
      await held;
      await route.continue();
    });
    await page.goto(`${visit.address}${TINY}`);
    await whenReady(page);
    await whenDone(page);
    expect(requests).toBe(0);
    await press(page, 'Start training');
    await press(page, 'Redraw');
    await until(page, () => document.querySelector<HTMLElement>('#drawing')?.dataset['film'] === '1');
    expect(await page.textContent('#train')).toBe('Loading digits…');
    release();
    await whenStepIs(page, 1);
    expect(requests).toBe(1);
  });

  test('shows its loss as it falls, and continues past its goal', async () => {
    const { page } = visit;
    await begin();
    await trainOut(visit.page, 'Start training');
    expect(await page.textContent('#step')).toBe('40 / 40');
    const heights = await page.$eval(
      '#chart .raw',
      (path) => (path.getAttribute('d') ?? '').match(/[\d.]+(?=L|$)/g)?.map(Number) ?? [],
    );
    expect(heights).toHaveLength(40);
    expect(heights.at(-1)! - heights[0]!).toBeGreaterThan(20); // pixels from the top
    expect(await page.$$eval('#chart circle', (all) => all.length)).toBe(10); // before the first step, and after each ten, on two sets of digits
    const curves = () => page.$$eval('#chart circle', (all) => all.map((one) => one.outerHTML));
    const before = await curves();
    await page.reload();
    await until(page, () => document.querySelector('#train')?.textContent === 'Train 300 more');
    await page.waitForSelector('#chart circle');
    expect(await curves()).toEqual(before);
    await press(page, 'Train 300 more');
    await whenStepIs(page, 42);
    await pause(page);
    expect(await page.textContent('#step')).toMatch(/\/ 340$/);
  });

  test('is saved and continues in a hidden tab, and continues after a tab was frozen', async () => {
    const { page, context } = visit;
    await begin();
    await press(page, 'Start training');
    await hide(page, true);
    await until(page, () => document.querySelector('#kept')?.textContent?.includes('saved the training'));
    const devtools = await context.newCDPSession(page);
    await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
    await devtools.send('Page.setWebLifecycleState', { state: 'active' });
    await hide(page, false);
    await whenTrained(page);
    expect(await page.textContent('#step')).toBe('40 / 40');
    await until(page, () => document.querySelector('#draw-hint')?.textContent === 'by your network, after 40 updates');
  });

  test('does not block the page while a step is computed', async () => {
    const { page } = visit;
    await begin('?backend=wasm&steps=1'); // the network of the demo: a step takes a tenth of a second or more
    await press(page, 'Start training');
    await whenStepIs(page, 1);
    /** The number of frames that the page shows during a step. */
    const frames = await page.evaluate(async () => {
      const frame = () => new Promise(requestAnimationFrame);
      const step = () => document.querySelector('#step')?.textContent;
      const counts: number[] = [];
      let [before, count] = [step(), 0];
      while (counts.length < 5) {
        await frame();
        count++;
        if (step() === before) continue;
        counts.push(count);
        [before, count] = [step(), 0];
      }
      return counts;
    });
    // one if the computation blocked the page
    expect(Math.max(...frames)).toBeGreaterThan(2);
  });
});
