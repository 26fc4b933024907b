/** Laws as tests of vitest. */
import { test } from 'vitest';
import { checkLaw } from './laws/check.js';
import type { Law } from './laws/law.js';

/** How many times the laws' own number of samples to take. */
const times = Number(process.env['NOISEFOLD_RUNS'] ?? 1);

/** @param milliseconds - for each law, at its own number of samples */
export const checkLaws = (laws: readonly Law[], milliseconds = 60_000): void => {
  for (const law of laws)
    test(law.subject === undefined ? law.name : `${law.name}: ${law.subject}`, () => checkLaw(law, times), milliseconds * Math.max(1, times)); // prettier-ignore
};
