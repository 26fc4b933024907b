/** A page in a browser renders frames and timers fire while `fit` and `sample` run on its thread. */
import { beforeAll, expect, test } from 'vitest';
import { inBrowsers } from './inBrowsers.js';
import type { Checks } from './openPage.js';
import type { TurningChecks } from './turningPage.js';

inBrowsers('turns of the event loop', (running) => {
  let page: Checks<TurningChecks>;
  beforeAll(async () => {
    page = await running().open('./turningPage.ts');
  });

  test.each(['reference', 'wasm'] as const)(
    'frames and timers continue during fit and sample on %s',
    async (backend) => {
      const turns = await page.checks.evaluate((of, name) => of.turns(name), backend);
      for (const { frames, timers } of [turns.fit, turns.sample]) {
        expect(frames).toBeGreaterThan(2);
        expect(timers).toBeGreaterThan(2);
      }
    },
  );
});
