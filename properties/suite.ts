/** Laws as tests of vitest. */
import { test } from 'vitest';
import { checkLaw } from './laws/check.js';
import { type Law, titleOf } from './laws/law.js';

/** The factor of the number of samples of each law. */
const times = Number(process.env['NOISEFOLD_RUNS'] ?? 1);

/** A timeout that ends hangs, but does not fail laws on slow machines, for any number of samples. */
const LONGEST = 600_000 * Math.max(1, times);

/** @param check - checks a law; by default in this process */
export const checkLaws = (laws: readonly Law[], check: (law: Law, times: number) => Promise<void> = checkLaw): void => {
  for (const law of laws) test(titleOf(law), () => check(law, times), LONGEST);
};
