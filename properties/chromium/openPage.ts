/** Opens a page in Chromium that runs a program of this repository. */
import type { JSHandle } from 'playwright-core';
import { bundled } from '../bundled.js';
import { launch } from './browser.js';

export interface Opened<A> {
  /** The value that the program assigned to `globalThis.checks`. */
  readonly checks: JSHandle<A>;
  /** The number of running workers. */
  readonly workers: () => number;
  readonly close: () => Promise<void>;
}

/** The URL of the page, which nothing serves. It is a secure context, which WebGPU requires. */
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
  // the module may wait for something before it exposes its checks
  const ready = page.waitForFunction(() => (globalThis as { readonly checks?: unknown }).checks);
  // the type is that of the program
  const checks = (await Promise.race([ready, failed])) as JSHandle<unknown> as JSHandle<A>;
  return { checks, workers: () => page.workers().length, close: () => browser.close() };
};
