/** A page in Chromium that checks the contract of the webgpu backend there: the laws and the operations, by their names. */
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { alias } from '../../alias.config.js';
import { launch } from './browser.js';
import type { Checks } from './page.js';

export interface Contract extends Checks {
  readonly close: () => Promise<void>;
}

/** The page's program as one module. */
const bundled = async (): Promise<string> => {
  const built = await build({
    configFile: false,
    logLevel: 'warn',
    resolve: { alias },
    build: {
      write: false,
      minify: false, // so that what it throws can be read
      target: 'es2023',
      rolldownOptions: {
        input: fileURLToPath(new URL('./page.ts', import.meta.url)),
        output: { codeSplitting: false },
      },
    },
  });
  const [result] = [built].flat();
  if (result === undefined || !('output' in result)) throw new Error('expected a bundle');
  return result.output[0].code;
};

/** The place of the page, which nothing serves: a browser has WebGPU where no one could have changed the page. */
const PLACE = 'http://localhost/';

export const openContract = async (): Promise<Contract> => {
  const [browser, program] = await Promise.all([launch({ webgpu: true }), bundled()]);
  const page = await browser.newPage();
  await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
  await page.goto(PLACE);
  const failed = new Promise<never>((_, reject) => page.once('pageerror', reject));
  await page.addScriptTag({ type: 'module', content: program });
  // the module waits for its backend before it says what it can be asked for
  const ready = page.waitForFunction(() => (globalThis as { readonly checks?: Checks }).checks);
  const checks = await Promise.race([ready, failed]);
  return {
    lawTitles: await checks.evaluate((of) => of!.lawTitles),
    law: (title, times) => checks.evaluate((of, given) => of!.law(...given), [title, times] as const),
    feature: (name, tolerance) =>
      checks.evaluate((of, given) => of!.feature(...given), [name, tolerance] as const),
    close: () => browser.close(),
  };
};
