/** Laws as tests of vitest. */
import { test } from 'vitest';
import { checkLaw } from './laws/check.js';
import { type Law, titleOf } from './laws/law.js';

/** How many times the laws' own number of samples to take. */
const times = Number(process.env['NOISEFOLD_RUNS'] ?? 1);

/**
 * @param milliseconds - for each law, at its own number of samples
 * @param check - where the laws are checked: here, if it is not given
 */
export const checkLaws = (
  laws: readonly Law[],
  milliseconds = 60_000,
  check: (law: Law, times: number) => Promise<void> = checkLaw,
): void => {
  for (const law of laws) test(titleOf(law), () => check(law, times), milliseconds * Math.max(1, times));
};
