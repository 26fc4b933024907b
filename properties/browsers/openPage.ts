/** Opens a page in a browser that runs a program of this repository. */
import type { Browser, JSHandle } from 'playwright-core';
import { bundled } from '../bundled.js';

export interface Checks<A> {
  /** The value that the program assigned to `globalThis.checks`. */
  readonly checks: JSHandle<A>;
  /** The number of running workers. */
  readonly workers: () => number;
  readonly close: () => Promise<void>;
}

/** The headers of a page. */
export type PageHeaders = Readonly<Record<string, string>>;

/** The URL of the page, which nothing serves. It is a secure context, which WebGPU requires. */
const PLACE = 'http://localhost/';

/** The programs, which several tests open. */
const programs = new Map<string, Promise<string>>();

const programOf = (file: string): Promise<string> => {
  const known = programs.get(file) ?? bundled(new URL(file, import.meta.url));
  programs.set(file, known);
  return known;
};

export const openPage = async <A>(browser: Browser, file: string, headers: PageHeaders = {}): Promise<Checks<A>> => {
  const program = await programOf(file);
  const page = await browser.newPage();
  await page.route('**/*', (route) => route.fulfill({ headers, contentType: 'text/html', body: '<!doctype html>' }));
  await page.goto(PLACE);
  const failure = new Promise<never>((_, reject) => page.once('pageerror', reject));
  const start = async (): Promise<JSHandle<unknown>> => {
    await page.addScriptTag({ type: 'module', content: program });
    // the module may wait for something before it exposes its checks
    return page.waitForFunction(() => (globalThis as { readonly checks?: unknown }).checks);
  };
  // the type is that of the program
  const checks = (await Promise.race([start(), failure])) as JSHandle<A>;
  return { checks, workers: () => page.workers().length, close: () => page.close() };
};
