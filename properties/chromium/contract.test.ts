import { afterAll, describe, expect, test } from 'vitest';
import { reference } from '../../src/backends/reference/index.js';
import { backendLaws } from '../laws/backends.js';
import { titleOf } from '../laws/law.js';
import { valueOf } from '../oracles/plans.js';
import { checkLaws } from '../suite.js';
import { noChromium } from './browser.js';
import { skippedFor } from '../skips.js';
import { openContract } from './contract.js';

/** The fraction of the samples: the same shaders run in Node with all of them. */
const FRACTION = 0.25;

// the names of the laws are needed even if they are skipped
const laws = backendLaws(valueOf(await reference()()));

describe.each([
  ['webgpu', './page.ts'],
  ['tfjs-webgpu', './tfjsPage.ts'],
] as const)('%s in Chromium', skippedFor(noChromium), async (_, page) => {
  const contract = noChromium === '' ? await openContract(page) : null;
  afterAll(() => contract?.close());

  test('the page has all laws of the contract', () => {
    expect(contract!.lawTitles).toEqual(laws.map(titleOf));
  });

  checkLaws(laws, async (law, times) => {
    const violation = await contract!.law(titleOf(law), FRACTION * times);
    if (violation !== null) throw new Error(violation);
  });
});
