/** A page renders frames and timers fire while `fit` and `sample` run on its thread. */
import { afterAll, describe, expect, test } from 'vitest';
import { noChromium } from './browser.js';
import { skippedFor } from '../skips.js';
import { openPage } from './openPage.js';
import type { TurningChecks } from './turningPage.js';

describe('turns of the event loop in Chromium', skippedFor(noChromium), async () => {
  const page = noChromium === '' ? await openPage<TurningChecks>('./turningPage.ts', { webgpu: false }) : null;
  afterAll(() => page?.close());

  test.each(['reference', 'wasm'] as const)(
    'frames and timers continue during fit and sample on %s',
    async (backend) => {
      const turns = await page!.checks.evaluate((of, name) => of.turns(name), backend);
      for (const { frames, timers } of [turns.fit, turns.sample]) {
        expect(frames).toBeGreaterThan(2);
        expect(timers).toBeGreaterThan(2);
      }
    },
  );
});
