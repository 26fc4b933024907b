import { fileURLToPath } from 'node:url';
import { createServer, preview } from 'vite';
import { describe, expect, test } from 'vitest';
import { isolation } from '../isolation.config.js';
import {
  beforeWorker,
  inBrowser,
  press,
  saved,
  trainOut,
  until,
  type Visit,
  type Visitor,
  visitors,
  whenDone,
  whenReady,
  whenStepIs,
  whenTrained,
} from './browser.js';

/** The network of the demo, because the one for tests is too small for threads. */
const TWO = '?backend=wasm&threads=2&goal=2&steps=1';
const ONE_UPDATE = TWO.replace('goal=2', 'goal=1');

const visitor = visitors();
let visit: Visitor | null = null;

/** Counts the threads that the worker starts. */
const COUNTING = `{
  const Original = Worker;
  globalThis.threads = 0;
  globalThis.Worker = class extends Original {
    constructor(...given) {
      super(...given);
      globalThis.threads++;
    }
  };
}
`;

const visiting = async (options: Visit = {}) => {
  visit = await visitor(options);
  const { page, address, context } = visit;
  let visits = 0;
  page.on('framenavigated', () => visits++);
  return {
    page,
    context,
    address,
    /** The number of times that the page was loaded. */
    visits: () => visits,
    chip: () => page.textContent('#backend'),
    isIsolated: () => page.evaluate(() => crossOriginIsolated),
  };
};

const contentPolicy = (workers: string) => ({
  ...isolation,
  'Content-Security-Policy':
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
    `worker-src ${workers}`,
});

describe('threads of the page', inBrowser, () => {
  test('train, and end with the bytes of a training on one thread', async () => {
    const trained = async (threads: number): Promise<Uint8Array> => {
      const { page, context, address, chip } = await visiting();
      await beforeWorker(context, COUNTING);
      await page.goto(`${address}${TWO.replace('threads=2', `threads=${threads}`)}`);
      await whenReady(page);
      expect(await chip()).toBe(`on WebAssembly, ${threads} thread${threads === 1 ? '' : 's'}`);
      await trainOut(page, 'Start training');
      const [worker] = page.workers();
      const started = await worker!.evaluate(() => (globalThis as unknown as { readonly threads: number }).threads);
      expect(started).toBe(threads);
      const bytes = await saved(page);
      await context.close();
      return bytes;
    };
    expect(Buffer.compare(await trained(2), await trained(1))).toBe(0);
  });

  test('work on a host that sends no headers: the page reloads exactly once', async () => {
    const { page, context, address, visits, chip, isIsolated } = await visiting({ headers: {} });
    await page.goto(`${address}${ONE_UPDATE}`);
    await until(page, () => crossOriginIsolated);
    await whenReady(page);
    expect(visits()).toBe(2);
    expect(await chip()).toBe('on WebAssembly, 2 threads');
    await trainOut(page, 'Start training');
    await page.reload();
    await whenReady(page);
    expect(visits()).toBe(3);
    expect(await isIsolated()).toBe(true);

    // bypasses the service worker, to which the page then returns
    const devtools = await context.newCDPSession(page);
    await devtools.send('Page.reload', { ignoreCache: true });
    await until(page, () => crossOriginIsolated);
    await whenReady(page);
    expect(visits()).toBe(5);
  });

  test.each([
    ['are missing', 'delete Navigator.prototype.serviceWorker', 1],
    ['are refused', `ServiceWorkerContainer.prototype.register = () => Promise.reject(new Error('no'))`, 1],
    ['do not start', 'ServiceWorkerContainer.prototype.register = () => Promise.resolve()', 1],
    ['do not isolate', `Object.defineProperty(window, 'crossOriginIsolated', { get: () => false })`, 2],
    ['cannot be marked', `Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } })`, 1],
  ])(
    'are not needed: if service workers %s, the page trains and does not reload forever',
    async (_, program, expected) => {
      const { page, address, visits, chip } = await visiting({ headers: {} });
      await page.addInitScript(program);
      await page.goto(`${address}${TWO}&recipe=tiny`);
      await whenReady(page);
      expect(visits()).toBe(expected);
      if (expected === 1) expect(await chip()).toBe('on WebAssembly, 1 thread');
      await press(page, 'Start training');
      await whenStepIs(page, 1);
      expect(visits()).toBe(expected);
    },
  );

  test.each([
    ["'self'", 'on WebAssembly, 1 thread'],
    ["'self' blob:", 'on WebAssembly, 2 threads'],
  ])('depend on a content security policy: with worker-src %s it runs %s', async (workers, expected) => {
    const { page, address, chip } = await visiting({ headers: contentPolicy(workers) });
    await page.goto(`${address}${ONE_UPDATE}`);
    await whenReady(page);
    await press(page, 'Start training');
    await whenTrained(page);
    expect(await page.textContent('#step')).toBe('1 / 1');
    expect(await chip()).toBe(expected);
    await page.locator('#backend').click();
    expect(await page.getByText('It has one thread').isVisible()).toBe(expected.endsWith('1 thread'));
  });

  test('run under the policy of the built page, which blocks injected scripts', async () => {
    const { page, address } = await visiting();
    await page.goto(`${address}${TWO}`);
    await whenReady(page);
    const refused = await page.evaluate(
      () =>
        new Promise<string>((resolve) => {
          document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => resolve(effectiveDirective));
          const script = document.createElement('script');
          script.textContent = 'document.title = "changed"';
          document.head.append(script);
        }),
    );
    expect(refused).toBe('script-src-elem');
    expect(await page.title()).not.toBe('changed');
  });

  const root = fileURLToPath(new URL('../', import.meta.url));
  const configFile = `${root}vite.config.ts`;
  test.each([
    [
      'vite dev',
      async () => (await createServer({ root, configFile, logLevel: 'warn', server: { port: 0 } })).listen(),
    ],
    ['vite preview', () => preview({ root, configFile, logLevel: 'warn', preview: { port: 0 } })],
  ])('work under %s', async (_, start) => {
    const server = await start();
    const { page, chip, isIsolated } = await visiting();
    try {
      await page.goto(`${server.resolvedUrls!.local[0]}${TWO}#t=0`); // without noise there is nothing to remove
      await whenReady(page);
      await page.locator('#load', { hasText: /^Load the network, 0[.]6 MB$/ }).click();
      await whenDone(page);
      expect(await isIsolated()).toBe(true);
      expect(await chip()).toBe('on WebAssembly, 2 threads');
    } finally {
      await server.close();
    }
  });
});
