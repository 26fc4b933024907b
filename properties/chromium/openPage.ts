/** A page in Chromium that runs a program of ours. */
import type { JSHandle } from 'playwright-core';
import { bundled } from '../bundled.js';
import { launch } from './browser.js';

export interface Opened<A> {
  /** What the program put at `checks` of `globalThis`. */
  readonly checks: JSHandle<A>;
  /** The number of workers that run. */
  readonly workers: () => number;
  readonly close: () => Promise<void>;
}

/** The place of a page, which nothing serves: a browser has WebGPU where no one could have changed the page. */
const PLACE = 'http://localhost/';

interface PageOptions {
  readonly webgpu: boolean;
  /** The headers of the page. */
  readonly headers?: Readonly<Record<string, string>>;
}

export const openPage = async <A>(file: string, { webgpu, headers = {} }: PageOptions): Promise<Opened<A>> => {
  const [browser, program] = await Promise.all([launch({ webgpu }), bundled(new URL(file, import.meta.url))]);
  const page = await browser.newPage();
  await page.route('**/*', (route) => route.fulfill({ headers, contentType: 'text/html', body: '<!doctype html>' }));
  await page.goto(PLACE);
  const failed = new Promise<never>((_, reject) => page.once('pageerror', reject));
  await page.addScriptTag({ type: 'module', content: program });
  // the module may wait for something before it says what it can be asked for
  const ready = page.waitForFunction(() => (globalThis as { readonly checks?: unknown }).checks);
  // what is there is what the program says
  const checks = (await Promise.race([ready, failed])) as JSHandle<unknown> as JSHandle<A>;
  return { checks, workers: () => page.workers().length, close: () => browser.close() };
};
