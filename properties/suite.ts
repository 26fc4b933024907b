/** Laws as tests of vitest. */
import { test } from 'vitest';
import { checkLaw } from './laws/check.js';
import type { Law } from './laws/law.js';

/** How many times the laws' own number of samples to take. */
const times = Number(process.env['NOISEFOLD_RUNS'] ?? 1);

export const checkLaws = (laws: readonly Law[]): void => {
  for (const law of laws)
    test(law.subject === undefined ? law.name : `${law.name}: ${law.subject}`, () => checkLaw(law, times), 60_000 * Math.max(1, times)); // prettier-ignore
};
