/** The built page in Chromium, and actions of a user. */
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, BrowserContextOptions, JSHandle, Page } from 'playwright-core';
import { afterAll, afterEach, beforeEach } from 'vitest';
import { chromium, chromiumWithWebgpu } from '../../../properties/browsers/browser.js';
import { skippedFor } from '../../../properties/skips.js';
import { isolation } from '../isolation.config.js';
import { type Served, serve } from './server.js';

/** True if there is a browser to test in. */
export const hasBrowser = chromium.missing === '';

/** Options of tests that need a browser. */
export const inBrowser = skippedFor(chromium.missing);

/** The folders of the built page and of its screenshots. */
export const built = fileURLToPath(new URL('../../../dist/page', import.meta.url));
export const pictures = fileURLToPath(new URL('../../../runs/page', import.meta.url));

/** The timeout of every step, in milliseconds, for a busy machine. */
const PATIENCE = 300_000;

export interface Visit extends BrowserContextOptions {
  /** The headers of the host; those of Vite's configuration if not given. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The path of the page on the host; its root if not given. */
  readonly below?: string;
}

export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  /** The URL of the page. */
  readonly address: string;
}

/**
 * The tests of a file share a browser. A browser context that a test opens ends with it: its page would go on to train. Those that
 * are opened before all tests are shared.
 */
export const visitors = ({ webgpu = false }: { readonly webgpu?: boolean } = {}) => {
  let browser: Browser | null = null;
  const served: Served[] = [];
  let contexts: readonly BrowserContext[] = [];
  beforeEach(() => {
    contexts = [];
  });
  afterEach(() => Promise.all(contexts.map((context) => context.close())));
  afterAll(async () => {
    await browser?.close();
    for (const { close } of served) close();
  });
  return async ({ headers = isolation, below, ...options }: Visit = {}): Promise<Visitor> => {
    browser ??= await (webgpu ? chromiumWithWebgpu : chromium).launch();
    const server = await serve(built, headers, below);
    served.push(server);
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      reducedMotion: 'reduce', // otherwise the time of the first figure goes to and fro
      ...options,
    });
    contexts = [...contexts, context];
    context.setDefaultTimeout(PATIENCE);
    return { context, page: await context.newPage(), address: server.address };
  };
};

/** Runs code in the worker before its own. */
export const beforeWorker = (context: BrowserContext, program: string): Promise<unknown> =>
  context.route('**/assets/main-*.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: program + (await response.text()) });
  });

/** Milliseconds between two tests of a condition: a test in each frame would draw frames in software, which takes time from the page. */
const PAUSE = 25;

/** Waits until a function in the page returns something, and then for the frame that shows what changed with it. */
export const until = async <R, A = undefined>(page: Page, test: (input: A) => R, input?: A): Promise<JSHandle<R>> => {
  const handle = await page.waitForFunction(test as (input: unknown) => R, input, { polling: PAUSE }); // it gets `input`
  await whenShown(page);
  return handle;
};

/** Waits until the network and the digits are ready. */
export const whenReady = (page: Page): Promise<unknown> =>
  until(page, () => document.querySelector<HTMLButtonElement>('#train')?.disabled === false);

/** Waits until the film of a drawing is complete. */
export const whenDone = (page: Page): Promise<unknown> =>
  until(page, () => document.querySelector('#moment')?.textContent === 'done');

/** The step that the page shows. */
export const stepOf = async (page: Page): Promise<number> =>
  Number.parseInt((await page.textContent('#step')) ?? '', 10);

export const whenStepIs = (page: Page, least: number): Promise<unknown> =>
  until(page, (n) => Number.parseInt(document.querySelector('#step')?.textContent ?? '', 10) >= n, least);

/**
 * Pauses a training, and waits until it has paused. The click happens in the page: a fast machine may end a short training while
 * the driver looks for the button.
 */
export const pause = async (page: Page): Promise<void> => {
  await until(page, () => {
    const button = document.querySelector<HTMLButtonElement>('#train');
    if (button?.textContent !== 'Pause') return false;
    button.click();
    return true;
  });
  await until(page, () => /^(Resume|Train \d)/.test(document.querySelector('#train')?.textContent ?? ''));
};

/** Waits until the training reaches its goal. */
export const whenTrained = (page: Page): Promise<unknown> =>
  until(page, () => document.querySelector('#train')?.textContent?.startsWith('Train '));

/** Trains to the goal of the recipe. */
export const trainOut = async (page: Page, name: string): Promise<void> => {
  await press(page, name);
  await whenTrained(page);
};

/** Waits until the page has been redrawn. */
export const whenShown = (page: Page): Promise<unknown> =>
  page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));

/** Presses the button, or chooses the picture, with an accessible name. */
export const press = async (page: Page, name: string): Promise<void> => {
  const named = { name, exact: true };
  await page.getByRole('button', named).or(page.locator('[role=radiogroup]').getByRole('radio', named)).click();
  await whenShown(page);
};

/** An attribute of an element, after the page has been redrawn. */
export const attribute = async (page: Page, selector: string, name: string): Promise<string> => {
  await whenShown(page);
  return (await page.getAttribute(selector, name)) ?? '';
};

/** The checkpoint that the page saves. */
export const saved = async (page: Page): Promise<Uint8Array<ArrayBuffer>> => {
  const [download] = await Promise.all([page.waitForEvent('download'), press(page, 'Save')]);
  const stream = await download.createReadStream();
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return new Uint8Array(Buffer.concat(chunks));
};

/** Opens a file with the button of the page. */
export const open = (page: Page, name: string, bytes: Uint8Array): Promise<void> =>
  page.setInputFiles('#file', { name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });

/** Drops a file on the page. */
export const drop = async (page: Page, name: string, bytes: Uint8Array): Promise<void> => {
  const transfer = await page.evaluateHandle(
    ({ name: called, text }) => {
      const made = new DataTransfer();
      made.items.add(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], called));
      return made;
    },
    { name, text: Buffer.from(bytes).toString('base64') },
  );
  for (const kind of ['dragenter', 'dragover', 'drop'])
    await page.dispatchEvent('main', kind, { dataTransfer: transfer });
};

/** Tells the page that its tab is hidden or visible. */
export const hide = (page: Page, hidden: boolean): Promise<void> =>
  page.evaluate((is) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => is });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);

/** The ink at each pixel of some canvases, 0…255. */
export const inkOf = async (page: Page, selector: string): Promise<readonly (readonly number[])[]> => {
  await whenShown(page);
  // in base64, because a list of numbers takes long from the page to here
  const texts = await page.$$eval(selector, (found) =>
    found.map((canvas) => {
      if (!(canvas instanceof HTMLCanvasElement)) throw new Error('no canvas');
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      const ink = Uint8Array.from({ length: data.length / 4 }, (_, i) => data[4 * i + 3]!);
      return (ink as Uint8Array & { readonly toBase64: () => string }).toBase64(); // not in the types yet
    }),
  );
  return texts.map((text) => [...Buffer.from(text, 'base64')]);
};
