/** Tests that run in each browser. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe } from 'vitest';
import { browsers, type Kind } from './browser.js';
import { skippedFor } from '../skips.js';
import { type PageHeaders, openPage, type Checks } from './openPage.js';

/** A browser that has started. */
export interface Running {
  readonly browser: Browser;
  /** Opens a page with a program of this folder. */
  readonly open: <A>(file: string, headers?: PageHeaders) => Promise<Checks<A>>;
}

/** Starts a browser. */
export const start = async ({ launch }: Kind): Promise<Running> => {
  const browser = await launch();
  return { browser, open: (file, headers) => openPage(browser, file, headers) };
};

/**
 * Declares tests for each browser, which starts before them and ends after them. If it is missing, they are skipped, with the
 * reason. `running` returns the browser during tests.
 */
export const inBrowsers = (
  what: string,
  tests: (running: () => Running) => void,
  kinds: readonly Kind[] = browsers,
): void => {
  for (const kind of kinds)
    describe(`${what} in ${kind.name}`, skippedFor(kind.missing), () => {
      let running: Running | undefined;
      beforeAll(async () => {
        running = await start(kind);
      });
      afterAll(() => running?.browser.close());
      tests(() => running!);
    });
};
